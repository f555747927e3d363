with

mqls as (

    select
        original_source,
        {{ month_of('mql_at') }} as month_start,
        sla_due_at,
        first_touch_at,
        {{ seconds_between('mql_at', 'first_touch_at') }} as seconds
    from {{ ref('fct_lead_milestones') }}
    where mql_at is not null

),

counted as (

    select
        month_start,
        original_source,
        count(*) as mqls,
        count(seconds) as touched,
        count(case when seconds <= 86400 then 1 end) as touched_within_a_day,
        count(sla_due_at) as with_sla,
        count(case when first_touch_at <= sla_due_at then 1 end) as touched_within_sla,
        {{ percentile_seconds('seconds', 0.5) }} as p50_seconds,
        {{ percentile_seconds('seconds', 0.9) }} as p90_seconds
    from mqls
    group by month_start, original_source

),

rated as (

    select
        month_start,
        original_source,
        mqls,
        touched,
        touched_within_a_day,
        with_sla,
        touched_within_sla,
        {{ percent('touched', 'mqls') }} as touched_percent,
        {{ percent('touched_within_a_day', 'mqls') }} as touched_within_a_day_percent,
        {{ percent('touched_within_sla', 'with_sla') }} as touched_within_sla_percent,
        p50_seconds,
        p90_seconds
    from counted

)

select * from rated
