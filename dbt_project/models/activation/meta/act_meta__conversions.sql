with

conversions as (

    select * from {{ ref('fct_conversions') }}
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
        conversions.conversion_id,
        conversions.person_id,
        conversions.correlation_id,
        conversions.converted_at,
        matches.is_limited,
        {{ meta_user_data() }} as user_data,
        {{ json_object({
            'value': json_number('conversions.value'),
            'currency': json_quote('conversions.currency'),
            'event_source': json_quote("'crm'"),
            'lead_event_source': json_quote("'" ~ var('meta_lead_event_source') ~ "'"),
        }) }} as custom_data
    from conversions
    inner join matches on conversions.person_id = matches.person_id

),

payloads as (

    select
        *,
        {{ meta_event(
            "'Purchase'",
            'converted_at',
            sha256_hex('conversion_id'),
            'system_generated',
            'is_limited',
            {'custom_data': 'custom_data'},
        ) }} as payload
    from matched

),

event_rows as (

    select
        'meta' as destination,
        'send_event' as action,
        'event' as mode,
        payloads.conversion_id as entity_key,
        payloads.person_id,
        cast(null as {{ dbt.type_string() }}) as external_id,
        {{ order_key('payloads.converted_at', 'payloads.conversion_id') }} as order_key,
        payloads.payload,
        {{ sha256_hex('payloads.payload') }} as payload_hash,
        payloads.converted_at as event_time,
        {{ add_days('payloads.converted_at', 7) }} as deadline_at,
        1 as priority,
        consents.purpose,
        consents.status as consent_status,
        consents.consent_id,
        payloads.correlation_id
    from payloads
    inner join consents on payloads.person_id = consents.person_id

)

select * from event_rows
