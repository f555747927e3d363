with

leads as (

    select
        cast({{ dbt.date_trunc('month', 'first_seen_at') }} as date) as month_start,
        count(*) as new_leads,
        count(mql_at) as became_mql,
        count(customer_at) as became_customer
    from {{ ref('dim_people') }}
    group by cast({{ dbt.date_trunc('month', 'first_seen_at') }} as date)

)

select * from leads
