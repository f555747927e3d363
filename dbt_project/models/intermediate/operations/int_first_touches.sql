with

mqls as (

    select
        person_id,
        mql_at
    from {{ ref('dim_people') }}
    where mql_at is not null

),

touches as (

    select
        person_id,
        occurred_at as touched_at
    from {{ ref('fct_activities') }}
    where
        activity_type = 'meeting_booked'
        or (activity_type = 'meeting_outcome' and outcome = 'attended')
    union all
    select
        person_id,
        created_at as touched_at
    from {{ ref('fct_opportunities') }}
    where person_id is not null and not is_deleted

),

first_touches as (

    select
        mqls.person_id,
        min(touches.touched_at) as first_touch_at
    from mqls
    inner join touches
        on mqls.person_id = touches.person_id and mqls.mql_at <= touches.touched_at
    group by mqls.person_id

)

select * from first_touches
