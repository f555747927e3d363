with

calls as (

    select * from {{ ref('int_mql_calls') }}

),

consents as (

    select * from {{ ref('dim_consents') }}
    where purpose = 'sales'

),

properties as (

    select
        *,
        {{ json_object({
            'hs_task_subject': json_quote('subject'),
            'hs_task_body': json_quote('body'),
            'hs_timestamp': json_quote(iso_timestamp('due_at')),
            'hs_task_status': json_quote("'NOT_STARTED'"),
            'hs_task_priority': json_quote("'HIGH'"),
            'hs_task_type': json_quote("'CALL'"),
            'hubspot_owner_id': json_quote('hubspot_owner_id'),
            'millrace_key': json_quote('mql_id'),
        }) }} as properties
    from calls

),

payloads as (

    select
        *,
        {{ json_object({
            'properties': 'properties',
            'refers_to': json_object({'contact': json_quote('person_id')}),
        }) }} as payload
    from properties

),

task_rows as (

    select
        'hubspot' as destination,
        'create_task' as action,
        'event' as mode,
        payloads.mql_id as entity_key,
        payloads.person_id,
        cast(null as {{ dbt.type_string() }}) as external_id,
        {{ order_key('payloads.reached_at', 'payloads.mql_id') }} as order_key,
        payloads.payload,
        {{ sha256_hex('payloads.payload') }} as payload_hash,
        payloads.reached_at as event_time,
        {{ no_timestamp() }} as deadline_at,
        0 as priority,
        consents.purpose,
        consents.status as consent_status,
        consents.consent_id,
        payloads.correlation_id
    from payloads
    inner join consents on payloads.person_id = consents.person_id

)

select * from task_rows
