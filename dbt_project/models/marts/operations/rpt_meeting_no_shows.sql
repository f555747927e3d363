with

meetings as (

    select
        {{ month_of('occurred_at') }} as month_start,
        case when activity_type = 'meeting_booked' then 'booked' else outcome end as happened
    from {{ ref('fct_activities') }}
    where activity_type in ('meeting_booked', 'meeting_outcome')

),

counted as (

    select
        month_start,
        count(case when happened = 'booked' then 1 end) as booked,
        count(case when happened = 'attended' then 1 end) as attended,
        count(case when happened = 'no_show' then 1 end) as no_shows,
        count(case when happened = 'canceled' then 1 end) as canceled
    from meetings
    group by month_start

),

rated as (

    select
        month_start,
        booked,
        attended,
        no_shows,
        canceled,
        {{ percent('no_shows', '(attended + no_shows)') }} as no_show_percent
    from counted

)

select * from rated
