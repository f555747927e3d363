with

spend as (

    select
        spend.spend_day,
        coalesce(channels.channel, 'Unassigned') as channel,
        spend.platform,
        coalesce(lower(spend.campaign_id), lower(trim(spend.campaign_name))) as alias,
        coalesce(spend.currency, '{{ var("default_currency") }}') as currency,
        coalesce(spend.amount, 0) as amount,
        spend.impressions,
        spend.clicks
    from {{ ref('int_spend') }} as spend
    left join {{ ref('spend_channels') }} as channels on spend.platform = channels.platform
    where spend.spend_day is not null

),

names as (

    select
        platform,
        alias,
        min(campaign) as campaign
    from {{ ref('int_campaign_aliases') }}
    group by platform, alias

),

by_day as (

    select
        spend.spend_day,
        spend.channel,
        coalesce(names.campaign, '(not set)') as campaign,
        spend.currency,
        sum(spend.amount) as amount,
        sum(spend.impressions) as impressions,
        sum(spend.clicks) as clicks
    from spend
    left join names on spend.platform = names.platform and spend.alias = names.alias
    group by
        spend.spend_day,
        spend.channel,
        coalesce(names.campaign, '(not set)'),
        spend.currency

)

select * from by_day
