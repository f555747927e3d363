with

claims as (

    select
        person_id,
        rep_id,
        1 as preference,
        '' as order_key,
        owner_since
    from {{ ref('int_crm_owners') }}
    where can_work
    union all
    select
        decisions.person_id,
        decisions.rep_id,
        2 as preference,
        decisions.order_key,
        decisions.assigned_at as owner_since
    from {{ ref('int_assignment_decisions') }} as decisions
    inner join {{ ref('reps') }} as reps on decisions.rep_id = reps.rep_id
    where reps.is_active and not reps.is_fallback

),

owners as (

    select
        person_id,
        rep_id,
        owner_since
    from claims
    qualify
        row_number() over (
            partition by person_id
            order by preference, order_key, rep_id
        ) = 1

)

select * from owners
