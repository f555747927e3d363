{% set columns = event_columns() ~ ', occurred_at, platform, ad_account_id, campaign_id,'
    ~ ' campaign_name, day_given, amount_given, currency, impressions_given, clicks_given' %}

with

told as (

    {{ union_mappings('spend', columns) }}

),

refused as (

    select * from {{ ref('int_refused_events') }}

),

reports as (

    select
        told.*,
        {{ order_key_in('told') }} as order_key,
        {{ try_to('told.day_given', 'date') }} as spend_day
    from told
    left join refused on told.position = refused.position
    where refused.position is null

),

latest_reports as (

    select *
    from reports
    qualify
        row_number() over (
            partition by platform, campaign_id, spend_day
            order by order_key desc
        ) = 1

),

spend as (

    select
        platform || ':' || campaign_id || ':' || cast(spend_day as {{ dbt.type_string() }})
            as spend_id,
        platform,
        ad_account_id,
        campaign_id,
        campaign_name,
        currency,
        {{ try_to('amount_given', 'decimal(18, 2)') }} as amount,
        {{ try_to('impressions_given', 'bigint') }} as impressions,
        {{ try_to('clicks_given', 'bigint') }} as clicks,
        spend_day,
        occurred_at as reported_at
    from latest_reports

)

select * from spend
