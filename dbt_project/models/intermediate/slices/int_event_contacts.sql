{{ config(materialized='view') }}

with

deal_contacts as (

    select
        position,
        'hubspot:' || portal_id || ':' || deal_id as opportunity_id,
        contact_id
    from {{ ref('stg_hubspot__deal_contacts') }}
    union all
    select
        records.position,
        'hubspot:' || listed.portal_id || ':' || listed.deal_id as opportunity_id,
        listed.contact_id
    from {{ ref('stg_hubspot__record_contacts') }} as listed
    inner join {{ ref('stg_hubspot__records') }} as records
        on listed.event_id = records.event_id

),

contact_merges as (

    select * from {{ ref('int_hubspot_contact_merges') }}

),

salesforce_told as (

    select
        position,
        {{ salesforce_record('organization_id', 'opportunity_id') }} as opportunity_id,
        contact_id
    from {{ ref('stg_salesforce__contact_roles') }}
    union all
    select
        position,
        {{ salesforce_record('organization_id', 'object_id') }} as opportunity_id,
        contact_id
    from {{ ref('stg_salesforce__opportunities') }}

),

salesforce_ids as (

    select distinct contact_id
    from salesforce_told
    where contact_id is not null

),

salesforce_keys as (

    select
        contact_id,
        {{ identity_key("'salesforce_id'", 'contact_id') }} as contact_key
    from salesforce_ids

),

entities as (

    select
        position,
        'opportunity' as entity_type,
        opportunity_id as entity_id
    from deal_contacts
    union all
    select
        position,
        'hubspot_contact_id' as entity_type,
        contact_id as entity_id
    from deal_contacts
    union all
    select
        position,
        'hubspot_contact_id' as entity_type,
        merged_contact_id as entity_id
    from contact_merges
    union all
    select
        position,
        'hubspot_contact_id' as entity_type,
        contact_id as entity_id
    from {{ ref('stg_hubspot__contact_changes') }}
    where change_type in ('deletion', 'privacy_deletion')
    union all
    select
        position,
        'opportunity' as entity_type,
        opportunity_id as entity_id
    from salesforce_told
    union all
    select
        salesforce_told.position,
        'salesforce_id' as entity_type,
        salesforce_keys.contact_key as entity_id
    from salesforce_told
    inner join salesforce_keys on salesforce_told.contact_id = salesforce_keys.contact_id

)

select * from entities
where entity_id is not null
