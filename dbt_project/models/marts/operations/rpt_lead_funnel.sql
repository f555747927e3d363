with

milestones as (

    select * from {{ ref('fct_lead_milestones') }}

),

counted as (

    select
        {{ month_of('first_seen_at') }} as month_start,
        original_source,
        count(*) as leads,
        count(mql_at) as mqls,
        count(sql_at) as sqls,
        count(customer_at) as customers
    from milestones
    group by {{ month_of('first_seen_at') }}, original_source

),

rated as (

    select
        month_start,
        original_source,
        leads,
        mqls,
        sqls,
        customers,
        {{ percent('mqls', 'leads') }} as lead_to_mql_percent,
        {{ percent('sqls', 'mqls') }} as mql_to_sql_percent,
        {{ percent('customers', 'leads') }} as lead_to_customer_percent
    from counted

)

select * from rated
