with

deliveries as (

    select * from {{ ref('stg_ledger__deliveries') }}

),

aliases as (

    select * from {{ ref('person_aliases') }}

),

causes as (

    select * from {{ ref('int_delivery_causes') }}

),

told as (

    select
        deliveries.delivery_id,
        coalesce(aliases.person_id, deliveries.person_id) as person_id,
        deliveries.destination,
        deliveries.action,
        deliveries.mode,
        deliveries.entity_key,
        deliveries.correlation_id,
        causes.source,
        causes.is_news,
        deliveries.priority <= 0 as is_hot,
        deliveries.state,
        deliveries.code,
        deliveries.attempts,
        deliveries.possible_repeats,
        deliveries.event_time,
        causes.received_at,
        deliveries.deadline_at,
        coalesce(deliveries.deadline_at <= causes.received_at, false) as was_too_late,
        deliveries.created_at,
        deliveries.requested_at,
        deliveries.last_attempt_at,
        deliveries.delivered_at,
        case
            when deliveries.state = 'delivered'
                then {{ seconds_between('deliveries.created_at', 'deliveries.delivered_at') }}
        end as seconds_to_delivery
    from deliveries
    inner join causes on deliveries.delivery_id = causes.delivery_id
    left join aliases on deliveries.person_id = aliases.alias_id

)

select * from told
