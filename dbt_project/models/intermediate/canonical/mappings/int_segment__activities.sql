with

calls as (

    select * from {{ ref('stg_segment__calls') }}
    where event_type in ('page', 'track')

),

event_map as (

    select * from {{ ref('segment_event_map') }}

),

typed as (

    select
        calls.position,
        calls.event_id,
        case when calls.event_type = 'page' then 'page_view' else event_map.activity_type end
            as activity_type,
        event_map.outcome,
        case when event_map.has_amount then calls.amount end as amount_given,
        case when event_map.has_amount then calls.currency end as currency,
        '/properties/revenue' as amount_path,
        '/properties/currency' as currency_path
    from calls
    left join event_map on lower(calls.track_event) = event_map.track_event

),

activities as (

    select * from typed
    where activity_type is not null

)

select * from activities
