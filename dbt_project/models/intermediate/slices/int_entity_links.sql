{{ config(materialized='view') }}

with

identifiers as (

    select
        'record' as entity_type,
        record_id as entity_id,
        'identifier' as linked_type,
        identifier as linked_id
    from {{ ref('int_identifiers') }}

),

people as (

    select
        'record' as entity_type,
        record_id as entity_id,
        'person' as linked_type,
        person_id as linked_id
    from {{ ref('int_record_people') }}
    union all
    select
        'record' as entity_type,
        record_id as entity_id,
        'person' as linked_type,
        own_person_id as linked_id
    from {{ ref('int_record_people') }}
    where own_person_id <> person_id

),

hubspot_contacts as (

    select
        'record' as entity_type,
        record_id as entity_id,
        'hubspot_contact' as linked_type,
        field_value as linked_id
    from {{ ref('int_identity_fields') }}
    where field = 'hubspot_contact_id'

),

links as (

    select * from identifiers
    union all
    select * from people
    union all
    select * from hubspot_contacts

)

select * from links
