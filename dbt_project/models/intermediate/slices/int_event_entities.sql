{{ config(materialized='view') }}

with

about_a_record as (

    select
        position,
        'record' as entity_type,
        record_id as entity_id
    from {{ ref('int_contact_events') }}

),

about_an_opportunity as (

    select
        position,
        'opportunity' as entity_type,
        opportunity_id as entity_id
    from (
        {{ union_mappings('opportunities', 'position, opportunity_id') }}
    ) as told

),

about_a_contact as (

    select
        position,
        entity_type,
        entity_id
    from {{ ref('int_event_contacts') }}

),

decided as (

    select
        position,
        person_id,
        cause_source || ':' || cause_event_key as cause_event_id
    from {{ ref('stg_millrace__decisions') }}
    union all
    select
        position,
        person_id,
        cause_source || ':' || cause_event_key as cause_event_id
    from {{ ref('stg_millrace__assignments') }}

),

about_a_decision as (

    select
        position,
        'person' as entity_type,
        person_id as entity_id
    from decided
    union all
    select
        position,
        'event' as entity_type,
        cause_event_id as entity_id
    from decided

),

about_an_answer as (

    select
        position,
        'person' as entity_type,
        person_id as entity_id
    from {{ ref('stg_millrace__answers') }}
    union all
    select
        position,
        'hubspot_contact_id' as entity_type,
        contact_id as entity_id
    from {{ ref('stg_millrace__answers') }}
    where destination = 'hubspot'

),

about_a_link as (

    {% for prefix in ['', 'other_'] %}
        select
            position,
            'record' as entity_type,
            {{ prefix }}record_id as entity_id
        from {{ ref('stg_standard__identity_links') }}
        union all
        select
            position,
            'person' as entity_type,
            {{ prefix }}person_id as entity_id
        from {{ ref('stg_standard__identity_links') }}
        union all
        select
            position,
            'identifier' as entity_type,
            'user:' || {{ prefix }}user_id as entity_id
        from {{ ref('stg_standard__identity_links') }}
        union all
        select
            position,
            'identifier' as entity_type,
            'email:' || {{ normalise_email(prefix ~ 'email') }} as entity_id
        from {{ ref('stg_standard__identity_links') }}
        {{ 'union all' if not loop.last }}
    {% endfor %}

),

entities as (

    select * from about_a_record
    union all
    select * from about_an_opportunity
    union all
    select * from about_a_contact
    union all
    select * from about_a_decision
    union all
    select * from about_an_answer
    union all
    select * from about_a_link

)

select * from entities
where entity_id is not null
