with

touches as (

    select
        activities.activity_id as touch_id,
        activities.person_id,
        sources.channel,
        sources.source,
        sources.medium,
        activities.utm_campaign as campaign,
        activities.campaign_id,
        activities.occurred_at,
        lag(activities.occurred_at) over (
            partition by
                activities.person_id,
                sources.channel,
                coalesce(activities.campaign_id, activities.utm_campaign)
            order by activities.occurred_at, activities.activity_id
        ) as previous_at
    from {{ ref('int_touch_activities') }} as activities
    inner join {{ ref('int_touch_sources') }} as sources
        on activities.source_key = sources.source_key

),

-- What follows in the same channel and campaign without a pause is the same touch.
first_of_session as (

    select
        touch_id,
        person_id,
        channel,
        source,
        medium,
        campaign,
        campaign_id,
        occurred_at
    from touches
    where
        previous_at is null
        or {{ whole_seconds_between('previous_at', 'occurred_at') }}
        >= {{ var('attribution_session_minutes') }} * 60

)

select * from first_of_session
