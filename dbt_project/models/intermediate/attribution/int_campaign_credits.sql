with

aliases as (

    select * from {{ ref('int_campaign_aliases') }}

),

known_ids as (

    select distinct alias
    from aliases

),

touches_credited as (

    select
        *,
        cast({{ dbt.date_trunc('day', 'converted_at') }} as date) as converted_day,
        lower(campaign_id) as campaign_key,
        lower(trim(campaign)) as campaign_name
    from {{ ref('fct_attribution') }}

),

by_what_was_told as (

    select
        converted_day,
        model,
        channel,
        campaign_key,
        campaign_name,
        currency,
        sum(credit) as conversions,
        sum(case when conversion_type = 'new_customer' then credit else 0 end) as new_customers,
        sum(value) as value
    from touches_credited
    group by converted_day, model, channel, campaign_key, campaign_name, currency

),

credits as (

    select
        told.*,
        -- The id is surer than the name; but not an id nobody bought under.
        coalesce(known_ids.alias, told.campaign_name, told.campaign_key) as alias
    from by_what_was_told as told
    left join known_ids on told.campaign_key = known_ids.alias

),

in_channel as (

    select
        channel,
        alias,
        min(campaign) as campaign
    from aliases
    group by channel, alias

),

-- A campaign bought in one place only is found even where its links tell of another channel.
anywhere as (

    select
        alias,
        min(channel) as channel,
        min(campaign) as campaign
    from aliases
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
