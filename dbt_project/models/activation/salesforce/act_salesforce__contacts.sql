with

people as (

    select * from {{ ref('dim_people') }}
    where email is not null or phone is not null

),

consents as (

    select * from {{ ref('dim_consents') }}
    where purpose = 'crm'

),

known as (

    select * from {{ ref('int_salesforce_people') }}
    where salesforce_contact_id is not null

),

fields as (

    select
        people.*,
        known.salesforce_contact_id,
        {{ json_object({
            'Email': json_quote('people.email'),
            'FirstName': json_quote('people.first_name'),
            'LastName': json_quote('people.last_name'),
            'Phone': json_quote('people.phone'),
            'Title': json_quote('people.job_title'),
            'Millrace_Score__c': json_number('people.score'),
        }) }} as fields
    from people
    inner join known on people.person_id = known.person_id

),

payloads as (

    select
        *,
        {{ json_object({'fields': 'fields'}) }} as payload
    from fields

),

contact_rows as (

    select
        'salesforce' as destination,
        'upsert_contact' as action,
        'state' as mode,
        payloads.person_id as entity_key,
        payloads.person_id,
        payloads.salesforce_contact_id as external_id,
        payloads.order_key,
        payloads.payload,
        {{ sha256_hex('payloads.payload') }} as payload_hash,
        payloads.last_seen_at as event_time,
        {{ no_timestamp() }} as deadline_at,
        case payloads.lifecycle_stage when 'marketingqualifiedlead' then 0 else 2 end as priority,
        consents.purpose,
        consents.status as consent_status,
        consents.consent_id,
        payloads.latest_correlation_id as correlation_id
    from payloads
    inner join consents on payloads.person_id = consents.person_id

)

select * from contact_rows
