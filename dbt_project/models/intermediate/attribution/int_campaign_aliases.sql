with

spend as (

    select
        platform,
        campaign_id,
        lower(trim(campaign_name)) as campaign_name,
        spend_day
    from {{ ref('int_spend') }}

),

-- The name a campaign has now; renaming does not split its numbers.
current_names as (

    select
        platform,
        campaign_id,
        coalesce(
            {{ latest(
                "campaign_name",
                "cast(spend_day as " ~ dbt.type_string() ~ ") || ' ' || campaign_name"
            ) }},
            lower(campaign_id)
        ) as campaign
    from spend
    where campaign_id is not null
    group by platform, campaign_id

),

aliases as (

    select
        platform,
        lower(campaign_id) as alias,
        campaign
    from current_names
    union
    select
        spend.platform,
        spend.campaign_name as alias,
        coalesce(names.campaign, spend.campaign_name) as campaign
    from spend
    left join current_names as names
        on spend.platform = names.platform and spend.campaign_id = names.campaign_id
    where spend.campaign_name is not null

),

placed as (

    select distinct
        aliases.platform,
        coalesce(channels.channel, 'Unassigned') as channel,
        aliases.alias,
        aliases.campaign
    from aliases
    left join {{ ref('spend_channels') }} as channels on aliases.platform = channels.platform

)

select * from placed
