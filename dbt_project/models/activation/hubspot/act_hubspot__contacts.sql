{% set fields = {
    'email': json_quote('people.email'),
    'firstname': json_quote('people.first_name'),
    'lastname': json_quote('people.last_name'),
    'phone': json_quote('people.phone'),
    'company': json_quote('people.company'),
    'jobtitle': json_quote('people.job_title'),
    'country': json_quote('people.country'),
    'lifecyclestage': json_quote('people.lifecycle_stage'),
    'hubspot_owner_id': json_quote('owners.hubspot_owner_id'),
    'millrace_id': json_quote('people.person_id'),
    'millrace_owner': json_quote('owners.owner_email'),
    'millrace_score': json_quote('people.score'),
    'millrace_original_source': json_quote('people.original_source'),
    'millrace_latest_source': json_quote('people.latest_source'),
} %}

with

people as (

    select * from {{ ref('dim_people') }}
    where email is not null or phone is not null

),

consents as (

    select * from {{ ref('dim_consents') }}
    where purpose = 'crm'

),

owners as (

    select * from {{ ref('int_contact_owners') }}

),

policy as (

    {{ field_policy('hubspot', 'contact', fields) }}

),

properties as (

    select
        people.*,
        {{ our_fields(fields) }} as properties,
        {{ their_fields(fields) }} as when_new
    from people
    cross join policy
    left join owners on people.person_id = owners.person_id

),

payloads as (

    select
        *,
        {{ json_object({'properties': 'properties', 'when_new': 'when_new'}) }} as payload
    from properties

),

contact_rows as (

    select
        'hubspot' as destination,
        'upsert_contact' as action,
        'state' as mode,
        payloads.person_id as entity_key,
        payloads.person_id,
        payloads.hubspot_contact_id as external_id,
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
