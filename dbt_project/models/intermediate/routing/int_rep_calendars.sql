with

hours as (

    select
        calendar,
        min(zone) as zone,
        {{ joined_text("weekday || ' ' || opens || '-' || closes", "';'") }} as hours
    from {{ ref('business_calendars') }}
    group by calendar

),

closed as (

    select
        calendar,
        {{ joined_text('holiday', "','") }} as holidays
    from {{ ref('holidays') }}
    group by calendar

),

calendars as (

    select
        hours.calendar,
        hours.zone,
        hours.hours,
        coalesce(closed.holidays, '') as holidays
    from hours
    left join closed on hours.calendar = closed.calendar

)

select * from calendars
