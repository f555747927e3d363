with

reports as (

    select * from {{ ref('stg_standard__ad_spend') }}

),

spend as (

    select
        {{ event_columns() }},
        occurred_at,
        platform,
        ad_account_id,
        campaign_id,
        campaign_name,
        spend_day as day_given,
        amount as amount_given,
        currency,
        impressions as impressions_given,
        clicks as clicks_given,
        '/data/date' as day_path,
        '/data/amount' as amount_path,
        '/data/currency' as currency_path
    from reports

)

select * from spend
