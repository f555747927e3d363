with

website_events as (

    select * from {{ ref('int_meta_website_events') }}
    where not is_historical

),

matches as (

    select * from {{ ref('int_meta_user_data') }}

),

consents as (

    select * from {{ ref('dim_consents') }}
    where purpose = 'advertising'

),

matched as (

    select
        website_events.*,
        matches.is_limited,
        -- The browser's own traces are those of the event, not the latest ones of the person.
        {{ meta_user_data({
            'fbc': json_quote('website_events.fbc'),
            'fbp': json_quote('website_events.fbp'),
            'client_ip_address': json_quote('website_events.client_ip_address'),
            'client_user_agent': json_quote('website_events.client_user_agent'),
        }) }} as user_data
    from website_events
    inner join matches on website_events.person_id = matches.person_id

),

payloads as (

    select
        *,
        {{ meta_event(
            'event_name',
            'occurred_at',
            'pixel_event_id',
            'website',
            'is_limited',
            {'event_source_url': json_quote('page_url')},
        ) }} as payload
    from matched

),

event_rows as (

    select
        'meta' as destination,
        'send_website_event' as action,
        'event' as mode,
        payloads.activity_id as entity_key,
        payloads.person_id,
        cast(null as {{ dbt.type_string() }}) as external_id,
        {{ order_key('payloads.occurred_at', 'payloads.activity_id') }} as order_key,
        payloads.payload,
        {{ sha256_hex('payloads.payload') }} as payload_hash,
        payloads.occurred_at as event_time,
        {{ add_days('payloads.occurred_at', 7) }} as deadline_at,
        2 as priority,
        consents.purpose,
        consents.status as consent_status,
        consents.consent_id,
        payloads.correlation_id
    from payloads
    inner join consents on payloads.person_id = consents.person_id

)

select * from event_rows
