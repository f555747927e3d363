with

conversions as (

    select * from {{ ref('fct_conversions') }}
    where not is_historical

),

people as (

    select * from {{ ref('int_golden_records') }}

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
        {{ json_object({
            'em': json_list_of_one(meta_hash('em', 'people.email')),
            'ph': json_list_of_one(meta_hash('ph', 'people.phone')),
            'fn': json_list_of_one(meta_hash('fn', 'people.first_name')),
            'ln': json_list_of_one(meta_hash('ln', 'people.last_name')),
            'country': json_list_of_one(meta_hash('country', 'people.country')),
            'external_id': json_list_of_one(sha256_hex('conversions.person_id')),
            'fbc': json_quote('people.fbc'),
            'fbp': json_quote('people.fbp'),
            'client_ip_address': json_quote('people.client_ip_address'),
            'client_user_agent': json_quote('people.client_user_agent'),
        }) }} as user_data,
        {{ json_object({
            'value': json_number('conversions.value'),
            'currency': json_quote('conversions.currency'),
            'event_source': json_quote("'crm'"),
            'lead_event_source': json_quote("'HubSpot'"),
        }) }} as custom_data
    from conversions
    inner join people on conversions.person_id = people.person_id

),

payloads as (

    select
        *,
        {{ json_object({
            'event_name': json_quote("'Purchase'"),
            'event_time': json_number(unix_seconds('converted_at')),
            'event_id': json_quote(sha256_hex('conversion_id')),
            'action_source': json_quote("'system_generated'"),
            'user_data': 'user_data',
            'custom_data': 'custom_data',
        }) }} as payload
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
