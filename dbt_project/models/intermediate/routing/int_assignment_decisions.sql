with

decisions as (

    select
        'owner_assigned:'
        || assignments.cause_source || ':' || assignments.cause_event_key as assignment_id,
        assignments.mql_id,
        event_people.person_id,
        assignments.rep_id,
        assignments.territory,
        assignments.product_line,
        assignments.segment,
        assignments.reason,
        assignments.candidates,
        assignments.sla_minutes,
        assignments.sla_due_at,
        event_people.occurred_at as assigned_at,
        logged.correlation_id,
        event_people.order_key
    from {{ ref('stg_millrace__assignments') }} as assignments
    inner join {{ ref('int_indirect_event_people') }} as event_people
        on assignments.event_id = event_people.event_id
    inner join {{ ref('base_raw__events') }} as logged on assignments.position = logged.position
    qualify
        row_number() over (
            partition by assignments.cause_source, assignments.cause_event_key
            order by event_people.order_key
        ) = 1

)

select * from decisions
