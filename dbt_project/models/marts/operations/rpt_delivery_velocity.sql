{% set steps = [
    ('submitted_to_received', 'event_time', 'received_at'),
    ('received_to_recorded', 'received_at', 'created_at'),
    ('recorded_to_requested', 'created_at', 'requested_at'),
    ('requested_to_answered', 'requested_at', 'delivered_at'),
    ('received_to_answered', 'coalesce(received_at, created_at)', 'delivered_at'),
    ('submitted_to_answered', 'event_time', 'delivered_at'),
] %}

with

deliveries as (

    select * from {{ ref('fct_deliveries') }}
    where state = 'delivered' and is_news

),

steps as (

    {% for step, started_at, ended_at in steps %}
        select
            cast({{ dbt.date_trunc('day', 'created_at') }} as date) as recorded_on,
            source,
            destination,
            action,
            is_hot,
            '{{ step }}' as step,
            {{ step_seconds(started_at, ended_at) }} as seconds
        from deliveries
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

by_source_and_in_all as (

    select * from steps
    where seconds is not null
    union all
    select
        recorded_on,
        '(all)' as source,
        destination,
        action,
        is_hot,
        step,
        seconds
    from steps
    where seconds is not null

),

velocity as (

    select
        recorded_on,
        source,
        destination,
        action,
        is_hot,
        step,
        count(*) as deliveries,
        {{ percentile_seconds('seconds', 0.5) }} as p50_seconds,
        {{ percentile_seconds('seconds', 0.95) }} as p95_seconds,
        {{ percentile_seconds('seconds', 0.99) }} as p99_seconds
    from by_source_and_in_all
    group by recorded_on, source, destination, action, is_hot, step

)

select * from velocity
