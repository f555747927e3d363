with

reps as (

    select * from {{ ref('reps') }}

),

fallback as (

    select
        max(hubspot_owner_id) as hubspot_owner_id,
        max(email) as email
    from reps
    where is_fallback

),

assignments as (

    select
        assignment_id,
        mql_id,
        person_id,
        rep_id,
        territory,
        product_line,
        segment,
        reason,
        sla_minutes,
        true as is_decided,
        correlation_id,
        sla_due_at,
        assigned_at
    from {{ ref('int_assignment_decisions') }}
    union all
    select
        assignment_id,
        mql_id,
        person_id,
        rep_id,
        territory,
        product_line,
        segment,
        reason,
        sla_minutes,
        false as is_decided,
        correlation_id,
        sla_due_at,
        reached_at as assigned_at
    from {{ ref('int_routing_choices') }}

),

described as (

    select
        assignments.assignment_id,
        assignments.mql_id,
        assignments.person_id,
        assignments.rep_id,
        reps.rep_name,
        -- What was decided stays; the leads of somebody who left are looked after by the fallback.
        case when reps.is_active then reps.email else fallback.email end as owner_email,
        case
            when reps.is_active then reps.hubspot_owner_id else fallback.hubspot_owner_id
        end as hubspot_owner_id,
        assignments.territory,
        assignments.product_line,
        assignments.segment,
        assignments.reason,
        assignments.sla_minutes,
        assignments.is_decided,
        coalesce(reps.is_active and not reps.is_fallback, false) as is_workable,
        assignments.correlation_id,
        assignments.sla_due_at,
        assignments.assigned_at
    from assignments
    cross join fallback
    left join reps on assignments.rep_id = reps.rep_id

),

ranked as (

    select
        *,
        -- Of two people who turn out to be one, the earlier assignment stays.
        row_number() over (
            partition by person_id
            order by
                case when is_workable then 0 else 1 end,
                case when is_decided then 0 else 1 end,
                assigned_at,
                assignment_id
        ) = 1 as is_current
    from described

),

final as (

    select
        assignment_id,
        mql_id,
        person_id,
        rep_id,
        rep_name,
        owner_email,
        hubspot_owner_id,
        territory,
        product_line,
        segment,
        reason,
        sla_minutes,
        is_decided,
        is_current,
        correlation_id,
        sla_due_at,
        assigned_at
    from ranked

)

select * from final
