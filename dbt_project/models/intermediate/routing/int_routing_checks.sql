{{ config(materialized='view') }}

with

areas as (

    select * from {{ ref('int_routing_areas') }}

),

reps as (

    select * from {{ ref('reps') }}
    where not is_fallback

),

coverage as (

    select * from {{ ref('rep_coverage') }}

),

-- Few different areas, however many leads: what a rep covers is asked once for each.
distinct_areas as (

    select distinct
        territory,
        product_line,
        segment
    from areas

),

covered as (

    select
        distinct_areas.territory,
        distinct_areas.product_line,
        distinct_areas.segment,
        coverage.rep_id,
        max(case when coverage.dimension = 'territory' then 1 else 0 end) as territories,
        max(case when coverage.dimension = 'product_line' then 1 else 0 end) as product_lines,
        max(case when coverage.dimension = 'segment' then 1 else 0 end) as segments
    from distinct_areas
    inner join coverage
        on
            coverage.name = '*'
            or (coverage.dimension = 'territory' and distinct_areas.territory = coverage.name)
            or (coverage.dimension = 'product_line' and distinct_areas.product_line = coverage.name)
            or (coverage.dimension = 'segment' and distinct_areas.segment = coverage.name)
    group by
        distinct_areas.territory,
        distinct_areas.product_line,
        distinct_areas.segment,
        coverage.rep_id

),

clocks as (

    select
        requests.assignment_id,
        calendars.calendar,
        {{ is_business_time(
            'requests.reached_at', 'calendars.zone', 'calendars.hours', 'calendars.holidays'
        ) }} as is_open
    from {{ ref('int_routing_requests') }} as requests
    cross join {{ ref('int_rep_calendars') }} as calendars

),

checks as (

    select
        areas.assignment_id,
        reps.rep_id,
        rep_load.open_load,
        rep_load.capacity,
        rep_load.open_load >= rep_load.capacity as is_at_capacity,
        not reps.is_active as is_inactive,
        not coalesce(clocks.is_open, false) as is_out_of_hours,
        coalesce(covered.product_lines, 0) = 0 as is_other_product_line,
        coalesce(covered.segments, 0) = 0 as is_other_segment,
        coalesce(covered.territories, 0) = 0 as is_other_territory
    from areas
    cross join reps
    inner join {{ ref('int_rep_load') }} as rep_load on reps.rep_id = rep_load.rep_id
    left join clocks
        on areas.assignment_id = clocks.assignment_id and reps.calendar = clocks.calendar
    left join covered
        on
            areas.territory = covered.territory
            and areas.product_line = covered.product_line
            and areas.segment = covered.segment
            and reps.rep_id = covered.rep_id

)

select * from checks
