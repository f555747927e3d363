{% set systems = [
    ('hubspot_contact_id', "'hubspot'", "'contact'"),
    (
        'salesforce_id', "'salesforce'",
        "case substr(field_value, 1, 3) when '003' then 'contact' when '00Q' then 'lead' else 'record' end",
    ),
    ('stripe_customer_id', "'stripe'", "'customer'"),
    ('meta_lead_id', "'meta'", "'lead'"),
    ('user_id', "'product'", "'user'"),
    (
        'anonymous_id',
        "case when record_id like 'segment:%' then 'segment' else 'website' end",
        "case when record_id like 'segment:%' then 'anonymous' else 'visitor' end",
    ),
] %}

with

record_people as (

    select * from {{ ref('int_record_people') }}

),

fields as (

    select * from {{ ref('int_identity_fields') }}

),

told as (

    {% for field, system, object_type in systems %}
        select
            record_id,
            {{ system }} as system,
            {{ object_type }} as object_type,
            field_value as external_id,
            first_told_at
        from fields
        where field = '{{ field }}'
        union all
    {% endfor %}
    select
        record_id,
        'segment' as system,
        'user' as object_type,
        field_value as external_id,
        first_told_at
    from fields
    where field = 'user_id' and record_id like 'segment:%'

),

-- Ids of ours that somebody else knows stay in the map when the person gets another one.
own as (

    select
        person_id,
        'warehouse' as system,
        'person' as object_type,
        own_person_id as external_id,
        own_person_id = person_id as is_current,
        first_occurred_at as first_seen_at
    from record_people
    where own_person_id = person_id or is_announced

),

announced as (

    select
        destination,
        contact_id,
        min(occurred_at) as announced_at
    from {{ applied('stg_millrace__answers') }} as answers
    group by destination, contact_id

),

gone as (

    select contact_id from {{ ref('int_hubspot_gone_contacts') }}

),

entities as (

    select
        record_people.person_id,
        told.system,
        told.object_type,
        told.external_id,
        min(told.first_told_at) as first_seen_at
    from told
    inner join record_people on told.record_id = record_people.record_id
    group by record_people.person_id, told.system, told.object_type, told.external_id

),

mapped as (

    select
        entities.person_id,
        entities.system,
        entities.object_type,
        entities.external_id,
        entities.system <> 'hubspot' or gone.contact_id is null as is_current,
        announced.announced_at,
        entities.first_seen_at
    from entities
    left join announced
        on
            entities.system = announced.destination
            and entities.external_id = announced.contact_id
    left join gone on entities.system = 'hubspot' and entities.external_id = gone.contact_id
    union all
    select
        person_id,
        system,
        object_type,
        external_id,
        is_current,
        {{ no_timestamp() }} as announced_at,
        first_seen_at
    from own

)

select * from mapped
