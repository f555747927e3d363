with

submissions as (

    select
        person_id,
        activity_id,
        occurred_at
    from {{ ref('fct_activities') }}
    where activity_type in ('form_submit', 'ad_lead')
    qualify
        row_number() over (
            partition by person_id
            order by occurred_at, activity_id
        ) = 1

),

-- When a backfilled event arrived says nothing about how fast it came.
arrivals as (

    select
        event_id,
        received_at
    from {{ ref('int_event_outcomes') }}
    where outcome = 'applied' and kind <> 'backfill'

),

received as (

    select
        submissions.person_id,
        submissions.activity_id as submission_id,
        submissions.occurred_at as submitted_at,
        arrivals.received_at
    from submissions
    left join arrivals on submissions.activity_id = arrivals.event_id

)

select * from received
