{% set columns = event_columns() ~ ', occurred_at, opportunity_id, is_deleted, name, stage_given,'
    ~ ' amount_given, currency, closed_at_given' %}

with

told as (

    {{ union_mappings('opportunities', columns) }}

),

refused as (

    select * from {{ ref('int_refused_events') }}

),

stages as (

    select * from {{ ref('enum_registry') }}
    where picklist = 'deal_stage'

),

changes as (

    select
        told.event_id,
        {{ order_key_in('told') }} as order_key,
        told.opportunity_id,
        told.source,
        told.is_deleted,
        told.name,
        stages.canonical_value as stage,
        stages.is_won,
        stages.is_lost,
        {{ try_to('told.amount_given', 'decimal(18, 2)') }} as amount,
        told.currency,
        {{ timestamp_from_text('told.closed_at_given') }} as closed_at,
        told.occurred_at
    from told
    left join refused on told.position = refused.position
    left join stages on told.stage_given = stages.value
    where refused.position is null

)

select * from changes
