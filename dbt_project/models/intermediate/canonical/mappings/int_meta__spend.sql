with

insights as (

    select * from {{ ref('stg_meta__ad_insights') }}

),

spend as (

    select
        {{ event_columns() }},
        occurred_at,
        'meta_ads' as platform,
        ad_account_id,
        campaign_id,
        campaign_name,
        -- A report over several days is not one of a day.
        case when first_day = last_day then first_day end as day_given,
        amount as amount_given,
        currency,
        impressions as impressions_given,
        clicks as clicks_given,
        '/object/date_stop' as day_path,
        '/object/spend' as amount_path,
        '/object/account_currency' as currency_path
    from insights

)

select * from spend
