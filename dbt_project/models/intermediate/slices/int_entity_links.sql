{{ config(materialized='view') }}

with

identifiers as (

    select
        record_id,
        'identifier' as linked_type,
        identifier as linked_id
    from {{ ref('int_identifiers') }}

),

people as (

    select
        record_id,
        'person' as linked_type,
        own_person_id as linked_id
    from {{ ref('int_record_people') }}
    union all
    select
        record_id,
        'person' as linked_type,
        person_id as linked_id
    from {{ ref('int_record_people') }}
    where person_id <> own_person_id

),

-- What an unlink keeps apart is decided over all that would be one person without it.
clusters as (

    select
        record_id,
        'cluster' as linked_type,
        cluster_id as linked_id
    from {{ ref('int_identity_clusters') }}

),

contacts as (

    select
        record_id,
        field as linked_type,
        field_value as linked_id
    from {{ ref('int_identity_fields') }}
    where field in ('hubspot_contact_id', 'salesforce_id')

),

linked as (

    select * from identifiers
    union all
    select * from people
    union all
    select * from clusters
    union all
    select * from contacts

),

links as (

    select
        'record' as entity_type,
        record_id as entity_id,
        linked_type,
        linked_id
    from linked

)

select * from links
