with

alerts as (

    select * from {{ ref('int_mql_alerts') }}

),

consents as (

    select * from {{ ref('dim_consents') }}
    where purpose = 'sales'

),

cards as (

    select
        *,
        {{ json_object({
            '$schema': json_quote("'http://adaptivecards.io/schemas/adaptive-card.json'"),
            'body': json_list_of([
                card_line('title', 'Bolder'),
                card_line('summary'),
                card_line('why'),
                card_line('owned'),
            ]),
            'fallbackText': json_quote('title'),
            'type': json_quote("'AdaptiveCard'"),
            'version': json_quote("'1.4'"),
        }) }} as card
    from alerts

),

payloads as (

    select
        *,
        {{ json_object({
            'attachments': json_list_of([json_object({
                'content': 'card',
                'contentType': json_quote("'application/vnd.microsoft.card.adaptive'"),
            })]),
            'type': json_quote("'message'"),
        }) }} as payload
    from cards

),

message_rows as (

    select
        'teams' as destination,
        'post_message' as action,
        'event' as mode,
        payloads.mql_id as entity_key,
        payloads.person_id,
        cast(null as {{ dbt.type_string() }}) as external_id,
        {{ order_key('payloads.reached_at', 'payloads.mql_id') }} as order_key,
        payloads.payload,
        {{ sha256_hex('payloads.payload') }} as payload_hash,
        payloads.reached_at as event_time,
        payloads.deadline_at,
        0 as priority,
        consents.purpose,
        consents.status as consent_status,
        consents.consent_id,
        payloads.correlation_id
    from payloads
    inner join consents on payloads.person_id = consents.person_id

)

select * from message_rows
