with

known as (

    select * from {{ ref('int_salesforce_people') }}

),

calls as (

    select
        calls.*,
        known.salesforce_contact_id
    from {{ ref('int_mql_calls') }} as calls
    left join known on calls.person_id = known.person_id
    where not coalesce(known.is_gone, false)

),

consents as (

    select * from {{ ref('dim_consents') }}
    where purpose = 'sales'

),

fields as (

    select
        *,
        -- A subject has room for 255 characters.
        {{ json_object({
            'ActivityDate': json_quote("substr(" ~ iso_timestamp('due_at') ~ ", 1, 10)"),
            'Description': json_quote('body'),
            'Priority': json_quote("'High'"),
            'Status': json_quote("'Not Started'"),
            'Subject': json_quote('substr(subject, 1, 255)'),
        }) }} as fields,
        {{ json_object({
            'contact': json_quote('case when salesforce_contact_id is not null then person_id end'),
            'lead': json_quote('case when salesforce_contact_id is null then person_id end'),
        }) }} as refers_to
    from calls

),

payloads as (

    select
        *,
        {{ json_object({'fields': 'fields', 'refers_to': 'refers_to'}) }} as payload
    from fields

),

task_rows as (

    select
        'salesforce' as destination,
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
