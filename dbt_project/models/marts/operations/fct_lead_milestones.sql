with

people as (

    select * from {{ ref('dim_people') }}

),

submissions as (

    select * from {{ ref('int_lead_submissions') }}

),

qualifications as (

    select * from {{ ref('int_sales_qualifications') }}

),

touches as (

    select * from {{ ref('int_first_touches') }}

),

assignments as (

    select * from {{ ref('fct_assignments') }}
    where is_current

),

tasks as (

    select
        person_id,
        min(delivered_at) as task_delivered_at
    from {{ ref('fct_deliveries') }}
    where action = 'create_task' and state = 'delivered'
    group by person_id

),

milestones as (

    select
        people.person_id,
        coalesce(people.original_source, '(none)') as original_source,
        people.first_seen_at,
        submissions.submitted_at,
        submissions.received_at,
        people.mql_at,
        assignments.sla_due_at,
        tasks.task_delivered_at,
        touches.first_touch_at,
        qualifications.sql_at,
        people.customer_at
    from people
    left join submissions on people.person_id = submissions.person_id
    left join assignments on people.person_id = assignments.person_id
    left join tasks on people.person_id = tasks.person_id
    left join touches on people.person_id = touches.person_id
    left join qualifications on people.person_id = qualifications.person_id

),

measured as (

    select
        *,
        {{ step_seconds('submitted_at', 'received_at') }} as submit_to_received_seconds,
        {{ step_seconds('submitted_at', 'mql_at') }} as submit_to_mql_seconds,
        {{ step_seconds('submitted_at', 'task_delivered_at') }} as submit_to_task_seconds,
        {{ step_seconds('mql_at', 'task_delivered_at') }} as mql_to_task_seconds,
        {{ step_seconds('mql_at', 'first_touch_at') }} as mql_to_first_touch_seconds,
        {{ step_seconds('mql_at', 'sql_at') }} as mql_to_sql_seconds,
        {{ step_seconds('sql_at', 'customer_at') }} as sql_to_customer_seconds
    from milestones

)

select * from measured
