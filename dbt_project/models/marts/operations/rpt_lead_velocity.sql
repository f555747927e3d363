{% set steps = [
    ('submit_to_received', 'submitted_at'),
    ('submit_to_mql', 'submitted_at'),
    ('submit_to_task', 'submitted_at'),
    ('mql_to_task', 'mql_at'),
    ('mql_to_first_touch', 'mql_at'),
    ('mql_to_sql', 'mql_at'),
    ('sql_to_customer', 'sql_at'),
] %}

with

milestones as (

    select * from {{ ref('fct_lead_milestones') }}

),

steps as (

    {% for step, started_at in steps %}
        select
            original_source,
            '{{ step }}' as step,
            {{ month_of(started_at) }} as month_start,
            {{ step }}_seconds as seconds
        from milestones
        where {{ step }}_seconds is not null
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

by_source_and_in_all as (

    select * from steps
    union all
    select
        '(all)' as original_source,
        step,
        month_start,
        seconds
    from steps

),

velocity as (

    select
        month_start,
        original_source,
        step,
        count(*) as leads,
        {{ percentile_seconds('seconds', 0.5) }} as p50_seconds,
        {{ percentile_seconds('seconds', 0.95) }} as p95_seconds,
        {{ percentile_seconds('seconds', 0.99) }} as p99_seconds
    from by_source_and_in_all
    group by month_start, original_source, step

)

select * from velocity
