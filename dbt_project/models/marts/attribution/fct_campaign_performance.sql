with

daily as (

    select
        spend.spend_day as day,
        models.model,
        spend.channel,
        spend.campaign,
        spend.currency,
        spend.amount as spend,
        spend.impressions,
        spend.clicks,
        0 as conversions,
        0 as new_customers,
        0 as value
    from {{ ref('int_campaign_spend') }} as spend
    cross join {{ ref('attribution_models') }} as models
    union all
    select
        converted_day as day,
        model,
        channel,
        campaign,
        currency,
        0 as spend,
        0 as impressions,
        0 as clicks,
        conversions,
        new_customers,
        value
    from {{ ref('int_campaign_credits') }}

),

periods as (

    {% for period in ['day', 'month'] %}
        select
            '{{ period }}' as period,
            cast({{ dbt.date_trunc(period, 'day') }} as date) as period_start,
            model,
            channel,
            campaign,
            currency,
            cast(sum(spend) as decimal(18, 2)) as spend,
            cast(coalesce(sum(impressions), 0) as bigint) as impressions,
            cast(coalesce(sum(clicks), 0) as bigint) as clicks,
            cast(sum(conversions) as decimal(28, 12)) as conversions,
            cast(sum(new_customers) as decimal(28, 12)) as new_customers,
            cast(sum(value) as decimal(18, 2)) as value
        from daily
        group by 1, 2, 3, 4, 5, 6
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

rated as (

    select
        *,
        cast(
            case when spend > 0 then spend / nullif(new_customers, 0) end as decimal(38, 6)
        ) as cac,
        cast(value / nullif(spend, 0) as decimal(38, 6)) as roas
    from periods

)

select * from rated
