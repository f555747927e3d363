with

-- Models with equal windows share a path.
windows as (

    select distinct
        conversion_type,
        lookback_days
    from {{ ref('attribution_windows') }}

),

in_window as (

    select
        conversions.conversion_id,
        windows.lookback_days,
        conversions.conversion_type,
        conversions.lead_created_at,
        conversions.opportunity_created_at,
        touchpoints.*
    from {{ ref('int_attributed_conversions') }} as conversions
    inner join windows on conversions.conversion_type = windows.conversion_type
    inner join {{ ref('int_touchpoints') }} as touchpoints
        on
            conversions.person_id = touchpoints.person_id
            and conversions.converted_at >= touchpoints.occurred_at
    where
        {{ whole_seconds_between('touchpoints.occurred_at', 'conversions.converted_at') }}
        <= windows.lookback_days * 86400

),

placed as (

    select
        *,
        row_number() over path_so_far as position,
        count(*) over whole_path as path_length,
        count(*) over (
            partition by conversion_id, lookback_days, channel
        ) as channel_touches,
        max(occurred_at) over whole_path as last_touch_at,
        -- The last touch until the lead, and until the opportunity, was there.
        sum(case when occurred_at <= lead_created_at then 1 else 0 end)
            over whole_path as lead_position,
        sum(case when occurred_at <= opportunity_created_at then 1 else 0 end)
            over whole_path as opportunity_position
    from in_window
    window
        whole_path as (partition by conversion_id, lookback_days),
        path_so_far as (
            partition by conversion_id, lookback_days
            order by occurred_at, touch_id
        )

),

last_not_direct as (

    select
        *,
        max(case when channel <> 'Direct' then position else 0 end) over (
            partition by conversion_id, lookback_days
        ) as last_non_direct_position
    from placed

),

described as (

    select
        conversion_id,
        lookback_days,
        conversion_type,
        touch_id,
        person_id,
        channel,
        source,
        medium,
        campaign,
        campaign_id,
        cast(position as integer) as position,
        cast(path_length as integer) as path_length,
        cast(channel_touches as integer) as channel_touches,
        position = 1 as is_first,
        position = path_length as is_last,
        position = lead_position as is_lead,
        position = opportunity_position as is_opportunity,
        position = case
            when last_non_direct_position = 0 then path_length
            else last_non_direct_position
        end as is_last_non_direct,
        {{ whole_seconds_between('occurred_at', 'last_touch_at') }} / 86400.0 as days_before_last,
        occurred_at
    from last_not_direct

)

select * from described
