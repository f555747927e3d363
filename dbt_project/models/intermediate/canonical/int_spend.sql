-- No source of spend is connected yet: the columns every source will have, and no rows.
with

spend as (

    select
        cast(null as {{ dbt.type_string() }}) as spend_id,
        cast(null as date) as spend_day,
        cast(null as {{ dbt.type_string() }}) as platform,
        cast(null as {{ dbt.type_string() }}) as campaign_id,
        cast(null as {{ dbt.type_string() }}) as campaign_name,
        cast(null as decimal(18, 2)) as amount,
        cast(null as {{ dbt.type_string() }}) as currency,
        cast(null as bigint) as impressions,
        cast(null as bigint) as clicks

)

select * from spend
where spend_id is not null
