with

people as (

    select
        golden.person_id,
        coalesce(
            {{ ga_client_id('golden.ga_client_id') }},
            'millrace.' || substr({{ sha256_hex('golden.person_id') }}, 1, 20)
        ) as client_id,
        consents.purpose,
        consents.status as consent_status,
        consents.consent_id,
        case when consents.status = 'granted' then 'GRANTED' else 'DENIED' end as told_consent
    from {{ ref('int_golden_records') }} as golden
    inner join {{ ref('dim_consents') }} as consents on golden.person_id = consents.person_id
    where consents.purpose = 'advertising'

),

leads as (

    select
        mqls.mql_id as event_id,
        mqls.person_id,
        'generate_lead' as event_name,
        {{ json_object({'lead_source': json_quote('golden.original_source')}) }} as params,
        mqls.correlation_id,
        mqls.reached_at as occurred_at
    from {{ ref('fct_mqls') }} as mqls
    inner join {{ ref('int_golden_records') }} as golden on mqls.person_id = golden.person_id
    where not mqls.is_historical

),

purchases as (

    select
        conversion_id as event_id,
        person_id,
        'purchase' as event_name,
        {{ json_object({
            'currency': json_quote('currency'),
            'transaction_id': json_quote(sha256_hex('conversion_id')),
            'value': json_number('value'),
        }) }} as params,
        correlation_id,
        converted_at as occurred_at
    from {{ ref('fct_conversions') }}
    where not is_historical

),

events as (

    select * from leads
    union all
    select * from purchases

),

payloads as (

    select
        events.event_id,
        events.correlation_id,
        events.occurred_at,
        people.person_id,
        people.purpose,
        people.consent_status,
        people.consent_id,
        {{ json_object({
            'client_id': json_quote('people.client_id'),
            'consent': json_object({
                'ad_personalization': json_quote('people.told_consent'),
                'ad_user_data': json_quote('people.told_consent'),
            }),
            'events': json_list_of([json_object({
                'name': json_quote('events.event_name'),
                'params': 'events.params',
            })]),
            'timestamp_micros': json_number(unix_seconds('events.occurred_at') ~ ' * 1000000'),
            'user_id': json_quote('people.person_id'),
        }) }} as payload
    from events
    inner join people on events.person_id = people.person_id

),

event_rows as (

    select
        'ga4' as destination,
        'send_event' as action,
        'event' as mode,
        event_id as entity_key,
        person_id,
        cast(null as {{ dbt.type_string() }}) as external_id,
        {{ order_key('occurred_at', 'event_id') }} as order_key,
        payload,
        {{ sha256_hex('payload') }} as payload_hash,
        occurred_at as event_time,
        {{ add_days('occurred_at', 3) }} as deadline_at,
        1 as priority,
        purpose,
        consent_status,
        consent_id,
        correlation_id
    from payloads

)

select * from event_rows
