{{ config(materialized='view') }}

with

entities as (

    select
        person_id,
        object_type,
        external_id,
        {{ order_key('first_seen_at', 'external_id') }} as order_key
    from {{ ref('entity_map') }}
    where system = 'salesforce' and object_type in ('contact', 'lead')

),

told as (

    select
        object_id,
        coalesce({{ latest('is_deleted') }}, false) as is_deleted
    from {{ applied('stg_salesforce__people') }} as people
    group by object_id

),

entities_told as (

    select
        entities.*,
        coalesce(told.is_deleted, false) as is_deleted
    from entities
    left join told on entities.external_id = told.object_id

),

people as (

    select
        person_id,
        {{ earliest("case when object_type = 'contact' and not is_deleted then external_id end") }}
            as salesforce_contact_id,
        {{ earliest("case when object_type = 'lead' and not is_deleted then external_id end") }}
            as salesforce_lead_id,
        min(case when is_deleted then 1 else 0 end) = 1 as is_gone
    from entities_told
    group by person_id

)

select * from people
