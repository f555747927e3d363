with

applied as (

    select * from {{ ref('int_applied_events') }}

),

deal_changes as (

    select
        applied.event_id,
        applied.order_key,
        'hubspot:' || changes.portal_id || ':' || changes.deal_id as opportunity_id,
        'hubspot' as source,
        changes.change_type = 'deletion' as is_deleted,
        changes.property_value,
        property_map.canonical_field,
        changes.occurred_at
    from {{ ref('stg_hubspot__deal_changes') }} as changes
    inner join applied on changes.event_id = applied.event_id
    left join {{ ref('hubspot_property_map') }} as property_map
        on
            changes.property_name = property_map.property
            and property_map.object_type = 'deal'
            and changes.change_type = 'property'

),

unioned as (

    select
        event_id,
        order_key,
        opportunity_id,
        source,
        is_deleted,
        case when canonical_field = 'name' then property_value end as name,
        case when canonical_field = 'stage' then lower(property_value) end as stage_given,
        case when canonical_field = 'amount' then property_value end as amount_given,
        case when canonical_field = 'currency' then upper(property_value) end as currency,
        case
            when canonical_field = 'closed_at' then {{ timestamp_from_text('property_value') }}
        end as closed_at,
        occurred_at
    from deal_changes
    union all
    select
        applied.event_id,
        applied.order_key,
        events.source || ':' || coalesce(events.opportunity_id, events.vendor_id) as opportunity_id,
        events.source,
        false as is_deleted,
        cast(null as {{ dbt.type_string() }}) as name,
        events.stage as stage_given,
        events.amount as amount_given,
        events.currency,
        {{ timestamp_from_iso('events.stage_changed_at') }} as closed_at,
        events.occurred_at
    from {{ ref('stg_standard__events') }} as events
    inner join applied on events.event_id = applied.event_id
    where events.event_type = 'opportunity_changed'

),

staged as (

    select
        unioned.event_id,
        unioned.order_key,
        unioned.opportunity_id,
        unioned.source,
        unioned.is_deleted,
        unioned.name,
        stages.canonical_value as stage,
        stages.is_won,
        stages.is_lost,
        {{ try_to('unioned.amount_given', 'decimal(18, 2)') }} as amount,
        unioned.currency,
        unioned.closed_at,
        unioned.occurred_at
    from unioned
    left join {{ ref('enum_registry') }} as stages
        on stages.picklist = 'deal_stage' and unioned.stage_given = stages.value

)

select * from staged
