{% set states = [
    'delivered', 'dead', 'held', 'cancelled', 'superseded', 'pending', 'in_flight', 'unknown',
] %}

with

deliveries as (

    select * from {{ ref('fct_deliveries') }}

),

counted as (

    select
        cast({{ dbt.date_trunc('day', 'created_at') }} as date) as enqueued_on,
        destination,
        action,
        count(*) as enqueued,
        {% for state in states %}
            count(case when state = '{{ state }}' then 1 end) as {{ state }},
        {% endfor %}
        count(case when state = 'dead' and was_too_late then 1 end) as dead_too_late,
        count(case when state = 'delivered' and attempts <= 1 then 1 end) as delivered_at_once,
        cast(sum(possible_repeats) as bigint) as possible_repeats,
        {{ percentile_seconds('seconds_to_delivery', 0.5) }} as p50_seconds,
        {{ percentile_seconds('seconds_to_delivery', 0.95) }} as p95_seconds
    from deliveries
    group by cast({{ dbt.date_trunc('day', 'created_at') }} as date), destination, action

),

rated as (

    select
        enqueued_on,
        destination,
        action,
        enqueued,
        {% for state in states %}
            {{ state }},
        {% endfor %}
        dead_too_late,
        possible_repeats,
        {{ percent('delivered', '(delivered + dead - dead_too_late)') }} as success_percent,
        {{ percent('delivered_at_once', 'delivered') }} as delivered_at_once_percent,
        p50_seconds,
        p95_seconds
    from counted

)

select * from rated
