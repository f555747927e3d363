with

mqls as (

    select * from {{ ref('fct_lead_milestones') }}
    where mql_at is not null

),

counted as (

    select
        {{ month_of('mql_at') }} as month_start,
        original_source,
        count(*) as mqls,
        count(sql_at) as sqls,
        {{ percentile_seconds(seconds_between('mql_at', 'sql_at'), 0.5) }} as p50_seconds
    from mqls
    group by {{ month_of('mql_at') }}, original_source

),

rated as (

    select
        month_start,
        original_source,
        mqls,
        sqls,
        {{ percent('sqls', 'mqls') }} as mql_to_sql_percent,
        p50_seconds
    from counted

)

select * from rated
