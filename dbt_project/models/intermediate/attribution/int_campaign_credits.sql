with

credits as (

    select
        cast({{ dbt.date_trunc('day', 'converted_at') }} as date) as converted_day,
        model,
        channel,
        lower(trim(campaign)) as alias,
        currency,
        sum(credit) as conversions,
        sum(case when conversion_type = 'new_customer' then credit else 0 end) as new_customers,
        sum(value) as value
    from {{ ref('fct_attribution') }}
    group by
        cast({{ dbt.date_trunc('day', 'converted_at') }} as date),
        model,
        channel,
        lower(trim(campaign)),
        currency

),

in_channel as (

    select
        channel,
        alias,
        min(campaign) as campaign
    from {{ ref('int_campaign_aliases') }}
    group by channel, alias

),

-- A campaign bought in one place only is found even where its links tell of another channel.
anywhere as (

    select
        alias,
        min(channel) as channel,
        min(campaign) as campaign
    from {{ ref('int_campaign_aliases') }}
    group by alias
    having count(distinct channel) = 1

),

by_campaign as (

    select
        credits.converted_day,
        credits.model,
        case
            when in_channel.campaign is null
                then coalesce(anywhere.channel, credits.channel)
            else credits.channel
        end as channel,
        coalesce(
            in_channel.campaign, anywhere.campaign, credits.alias, '(not set)'
        ) as campaign,
        credits.currency,
        credits.conversions,
        credits.new_customers,
        credits.value
    from credits
    left join in_channel
        on credits.channel = in_channel.channel and credits.alias = in_channel.alias
    left join anywhere on credits.alias = anywhere.alias

)

select * from by_campaign
