{{ config(materialized='view') }}

with

direct as (

    select
        contact_events.event_id,
        record_people.person_id,
        contact_events.source,
        {{ event_key_of('contact_events.event_id', 'contact_events.source') }} as event_key,
        contact_events.event_type,
        {{ order_key_in('contact_events') }} as order_key,
        contact_events.occurred_at
    from {{ ref('int_contact_events') }} as contact_events
    inner join {{ ref('int_record_people') }} as record_people
        on contact_events.record_id = record_people.record_id

),

indirect as (

    select
        event_id,
        person_id,
        source,
        event_key,
        event_type,
        order_key,
        occurred_at
    from {{ ref('int_indirect_event_people') }}

),

event_people as (

    select * from direct
    union all
    select * from indirect

)

select * from event_people
