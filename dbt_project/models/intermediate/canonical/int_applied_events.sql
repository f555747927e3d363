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
        event_id,
        vendor_id,
        source,
        event_key,
        event_type,
        correlation_id,
        {{ order_key() }} as order_key,
        occurred_at
    from one_copy_each

)

select * from ordered
