with

mqls as (

    select * from {{ ref('fct_mqls') }}
    where not is_historical

),

assignments as (

    select * from {{ ref('fct_assignments') }}

),

people as (

    select * from {{ ref('dim_people') }}
    where email is not null or phone is not null

),

consents as (

    select * from {{ ref('dim_consents') }}
    where purpose = 'sales'

),

known as (

    select * from {{ ref('int_salesforce_people') }}

),

described as (

    select
        mqls.*,
        known.salesforce_contact_id,
        coalesce(assignments.sla_due_at, mqls.reached_at) as due_at,
        ' Owner: ' || assignments.rep_name || '.' as owned,
        coalesce(
            nullif(concat_ws(' ', people.first_name, people.last_name), ''),
            people.email,
            people.phone
        ) as person_name,
        ' (' || nullif(concat_ws(', ', people.job_title, people.company), '') || ')' as held
    from mqls
    inner join people on mqls.person_id = people.person_id
    left join assignments on mqls.mql_id = assignments.mql_id
    left join known on mqls.person_id = known.person_id
    where not coalesce(known.is_gone, false)

),

worded as (

    select
        *,
        -- A subject has room for 255 characters.
        substr('Call ' || person_name || ': score ' || score, 1, 255) as subject,
        person_name || coalesce(held, '')
        || ' reached a score of ' || score || '; the threshold is ' || threshold || '.'
        || coalesce(owned, '') as task_body
    from described

),

fields as (

    select
        *,
        {{ json_object({
            'ActivityDate': json_quote("substr(" ~ iso_timestamp('due_at') ~ ", 1, 10)"),
            'Description': json_quote('task_body'),
            'Priority': json_quote("'High'"),
            'Status': json_quote("'Not Started'"),
            'Subject': json_quote('subject'),
        }) }} as fields,
        {{ json_object({
            'contact': json_quote('case when salesforce_contact_id is not null then person_id end'),
            'lead': json_quote('case when salesforce_contact_id is null then person_id end'),
        }) }} as refers_to
    from worded

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
