-- One known zone a calendar, hours that end after they start, days that exist.
with

calendars as (

    select
        calendar,
        'unknown zone, or several' as problem
    from {{ ref('business_calendars') }}
    group by calendar
    having
        min(zone) <> max(zone)
        or min(case when {{ is_time_zone('zone') }} then 1 else 0 end) = 0

),

hours as (

    select
        calendar,
        'impossible hours' as problem
    from {{ ref('business_calendars') }}
    where
        {{ regex_replace('opens', "'^([01][0-9]|2[0-3]):[0-5][0-9]$'", "''") }} <> ''
        or {{ regex_replace('closes', "'^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$'", "''") }} <> ''
        or opens >= closes

),

days as (

    select
        calendar,
        'impossible holiday' as problem
    from {{ ref('holidays') }}
    where {{ try_to('holiday', 'date') }} is null or length(holiday) <> 10

),

problems as (

    select * from calendars
    union all
    select * from hours
    union all
    select * from days

)

select * from problems
