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

associations as (

    select
        position,
        'opportunity' as entity_type,
        'hubspot:' || portal_id || ':' || deal_id as entity_id
    from {{ ref('stg_hubspot__deal_contacts') }}
    union all
    select
        position,
        'hubspot_contact' as entity_type,
        contact_id as entity_id
    from {{ ref('stg_hubspot__deal_contacts') }}

),

merges as (

    select
        position,
        'hubspot_contact' as entity_type,
        primary_contact_id as entity_id
    from {{ ref('stg_hubspot__contact_merges') }}
    union all
    select
        merged.position,
        'hubspot_contact' as entity_type,
        {{ json_text('merged.item', '$') }} as entity_id
    from (
        select
            position,
            {{ json_items('merged_contact_ids', '$') }} as item
        from {{ ref('stg_hubspot__contact_merges') }}
    ) as merged

),

decisions as (

    select
        position,
        'person' as entity_type,
        person_id as entity_id
    from {{ ref('stg_millrace__decisions') }}
    union all
    select
        position,
        'event' as entity_type,
        cause_source || ':' || cause_event_key as entity_id
    from {{ ref('stg_millrace__decisions') }}

),

answers as (

    select
        position,
        'person' as entity_type,
        person_id as entity_id
    from {{ ref('stg_millrace__answers') }}
    union all
    select
        position,
        'hubspot_contact' as entity_type,
        contact_id as entity_id
    from {{ ref('stg_millrace__answers') }}

),

entities as (

    select * from about_a_record
    union all
    select * from about_an_opportunity
    union all
    select * from associations
    union all
    select * from merges
    union all
    select * from decisions
    union all
    select * from answers

)

select * from entities
where entity_id is not null
