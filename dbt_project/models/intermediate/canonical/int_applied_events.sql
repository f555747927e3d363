with

sound as (

    select events.*
    from {{ ref('int_staged_events') }} as events
    left join {{ ref('int_event_problems') }} as problems on events.event_id = problems.event_id
    where problems.event_id is null

),

one_copy_each as (

    select *
    from sound
    qualify
        row_number() over (
            partition by vendor_id
            order by
                occurred_at,
                body_hash,
                case when event_id = vendor_id then 0 else 1 end,
                event_key
        ) = 1

),

ordered as (

    select
        applied.event_id,
        applied.vendor_id,
        applied.source,
        applied.event_key,
        applied.event_type,
        applied.correlation_id,
        {{ order_key('applied.occurred_at', 'applied.vendor_id') }} as order_key,
        logged.historical as is_historical,
        applied.occurred_at
    from one_copy_each as applied
    inner join {{ ref('base_raw__events') }} as logged on applied.event_id = logged.event_id

)

select * from ordered
