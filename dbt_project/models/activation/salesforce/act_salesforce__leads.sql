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

),

-- Who is a contact there is none of the leads; who was deleted there is not made again.
leads as (

    select
        people.*,
        known.salesforce_lead_id,
        coalesce(
            people.company,
            people.company_domain,
            case when known.salesforce_lead_id is null then '[not provided]' end
        ) as lead_company,
        -- Salesforce takes no lead without a last name; one that it has keeps its own.
        coalesce(
            people.last_name,
            case when known.salesforce_lead_id is null then '[not provided]' end
        ) as lead_name
    from people
    left join known on people.person_id = known.person_id
    where
        known.salesforce_contact_id is null
        and not coalesce(known.is_gone, false)

),

fields as (

    select
        *,
        {{ json_object({
            'Company': json_quote('lead_company'),
            'Email': json_quote('email'),
            'FirstName': json_quote('first_name'),
            'LastName': json_quote('lead_name'),
            'Phone': json_quote('phone'),
            'Title': json_quote('job_title'),
            'Millrace_Score__c': json_number('score'),
        }) }} as fields
    from leads

),

payloads as (

    select
        *,
        {{ json_object({'fields': 'fields'}) }} as payload
    from fields

),

lead_rows as (

    select
        'salesforce' as destination,
        'upsert_lead' as action,
        'state' as mode,
        payloads.person_id as entity_key,
        payloads.person_id,
        payloads.salesforce_lead_id as external_id,
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

select * from lead_rows
