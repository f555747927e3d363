with

alerts as (

    select * from {{ ref('int_mql_alerts') }}

),

consents as (

    select * from {{ ref('dim_consents') }}
    where purpose = 'sales'

),

worded as (

    select
        *,
        concat_ws(
            {{ line_break() }},
            '*' || {{ slack_text('title') }} || '*',
            {{ slack_text('summary') }},
            {{ slack_text('why') }},
            {{ slack_text('owned') }}
        ) as message
    from alerts

),

payloads as (

    select
        *,
        {{ json_object({'text': json_quote('message')}) }} as payload
    from worded

),

message_rows as (

    select
        'slack' as destination,
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
