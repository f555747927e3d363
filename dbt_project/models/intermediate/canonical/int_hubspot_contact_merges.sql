{{ config(materialized='view') }}

with

announced as (

    select * from {{ ref('stg_hubspot__contact_merges') }}

),

announced_items as (

    select
        {{ event_columns() }},
        portal_id,
        surviving_contact_id,
        occurred_at,
        {{ json_items('merged_contact_ids', '$') }} as item
    from announced

),

records as (

    select * from {{ ref('stg_hubspot__records') }}
    where object_type = 'contact'

),

merged_into_records as (

    select
        event_id,
        '[' || replace(property_value, ';', ',') || ']' as merged_contact_ids
    from {{ ref('stg_hubspot__record_properties') }}
    where
        object_type = 'contact'
        and property_name = 'hs_merged_object_ids'
        and {{ full_match('property_value', "'[1-9][0-9]*(;[1-9][0-9]*)*'") }}

),

pulled_items as (

    select
        {{ event_columns('records') }},
        records.portal_id,
        records.object_id as surviving_contact_id,
        records.occurred_at,
        {{ json_items('merged_into_records.merged_contact_ids', '$') }} as item
    from records
    inner join merged_into_records on records.event_id = merged_into_records.event_id

),

contact_merges as (

    select
        {{ event_columns() }},
        portal_id,
        surviving_contact_id,
        primary_contact_id as merged_contact_id,
        occurred_at
    from announced
    {% for items in ['announced_items', 'pulled_items'] %}
        union
        select
            {{ event_columns() }},
            portal_id,
            surviving_contact_id,
            {{ json_text('item', '$') }} as merged_contact_id,
            occurred_at
        from {{ items }}
    {% endfor %}

)

select * from contact_merges
where merged_contact_id is not null
