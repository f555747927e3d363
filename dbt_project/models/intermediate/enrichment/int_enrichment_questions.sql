with

people as (

    select * from {{ ref('dim_people') }}
    where email is not null and (job_title is null or employees is null)

),

-- The record that has the address, so that the answer is said of it. A free mailbox has no company.
records as (

    select
        record_people.person_id,
        statements.email_normalised,
        {{ earliest('statements.record_id', 'statements.first_order_key') }} as record_id,
        max(statements.company_domain) as company_domain
    from {{ ref('int_contact_statements') }} as statements
    inner join {{ ref('int_record_people') }} as record_people
        on statements.record_id = record_people.record_id
    where statements.email_normalised is not null and statements.company_domain is not null
    group by record_people.person_id, statements.email_normalised

),

-- An import asks nobody about anybody.
seen as (

    select
        record_people.person_id,
        {{ latest('contact_events.position', order_key_in('contact_events')) }} as position,
        max({{ order_key_in('contact_events') }}) as order_key,
        max(contact_events.occurred_at) as seen_at
    from {{ ref('int_contact_events') }} as contact_events
    inner join {{ ref('int_record_people') }} as record_people
        on contact_events.record_id = record_people.record_id
    where not contact_events.is_historical and {{ is_own_word('contact_events.source') }}
    group by record_people.person_id

),

forms as (

    select distinct person_id
    from {{ ref('fct_activities') }}
    where activity_type = 'form_submit'

),

role_mailboxes as (

    select * from {{ ref('role_mailboxes') }}

),

questions as (

    select
        people.person_id,
        people.person_id || ':' || {{ email_hash('people.email') }} as entity_key,
        {{ email_hash('people.email') }} as email_sha256,
        records.record_id,
        records.company_domain,
        people.first_name,
        people.last_name,
        case people.lifecycle_stage when 'marketingqualifiedlead' then 0 else 2 end as priority,
        logged.correlation_id,
        seen.order_key,
        seen.seen_at,
        {{ add_days('seen.seen_at', var('enrichment_deadline_days')) }} as deadline_at
    from people
    inner join records
        on
            people.person_id = records.person_id
            and people.email_normalised = records.email_normalised
    inner join seen on people.person_id = seen.person_id
    inner join {{ ref('base_raw__events') }} as logged on seen.position = logged.position
    left join forms on people.person_id = forms.person_id
    left join role_mailboxes
        on {{ dbt.split_part('people.email_normalised', "'@'", 1) }} = role_mailboxes.local_part
    where
        role_mailboxes.local_part is null
        and (forms.person_id is not null or people.score >= {{ var('enrichment_from_score') }})

)

select * from questions
