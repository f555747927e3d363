with

windows as (

    select distinct lookback_days
    from {{ ref('attribution_windows') }}
    where conversion_type = 'new_customer'

),

never_converted as (

    select
        touchpoints.person_id,
        max(touchpoints.occurred_at) as last_touch_at
    from {{ ref('int_touchpoints') }} as touchpoints
    left join {{ ref('int_attributed_conversions') }} as conversions
        on touchpoints.person_id = conversions.person_id
    where conversions.person_id is null
    group by touchpoints.person_id

),

in_window as (

    select
        touchpoints.person_id,
        windows.lookback_days,
        touchpoints.touch_id,
        touchpoints.channel,
        touchpoints.occurred_at
    from never_converted
    inner join {{ ref('int_touchpoints') }} as touchpoints
        on never_converted.person_id = touchpoints.person_id
    cross join windows
    where
        {{ whole_seconds_between('touchpoints.occurred_at', 'never_converted.last_touch_at') }}
        <= windows.lookback_days * 86400

),

placed as (

    select
        person_id,
        lookback_days,
        touch_id,
        channel,
        cast(
            row_number() over (
                partition by person_id, lookback_days
                order by occurred_at, touch_id
            ) as integer
        ) as position
    from in_window

)

select * from placed
