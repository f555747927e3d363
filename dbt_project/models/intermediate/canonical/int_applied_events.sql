{{ config(materialized='view') }}

with

staged as (

    select * from {{ ref('int_staged_events') }}

),

refused as (

    select * from {{ ref('int_refused_events') }}

),

applied as (

    select
        {{ event_columns('staged') }},
        staged.vendor_id,
        {{ event_key_of('staged.event_id', 'staged.source') }} as event_key,
        {{ order_key('staged.occurred_at', 'staged.vendor_id') }} as order_key,
        staged.occurred_at
    from staged
    left join refused on staged.position = refused.position
    where refused.position is null

)

select * from applied
