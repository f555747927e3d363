with

requests as (

    select * from {{ ref('int_routing_requests') }}

),

fallback as (

    select max(rep_id) as rep_id from {{ ref('reps') }}
    where is_fallback

),

best as (

    select
        assignment_id,
        rep_id
    from {{ ref('int_routing_ranking') }}
    where candidate_rank = 1

),

choices as (

    select
        requests.assignment_id,
        requests.mql_id,
        requests.person_id,
        coalesce(
            person_owners.rep_id, account_owners.rep_id, best.rep_id, fallback.rep_id
        ) as rep_id,
        case
            when person_owners.rep_id is not null then 'OWNER_OF_PERSON'
            when account_owners.rep_id is not null then 'OWNER_OF_ACCOUNT'
            when best.rep_id is not null then 'ROUTED'
            else 'UNROUTED'
        end as reason,
        areas.territory,
        areas.product_line,
        areas.segment,
        requests.score,
        requests.reached_at,
        requests.correlation_id
    from requests
    cross join fallback
    inner join {{ ref('int_routing_areas') }} as areas
        on requests.assignment_id = areas.assignment_id
    left join {{ ref('int_person_owners') }} as person_owners
        on requests.person_id = person_owners.person_id
    left join {{ ref('int_account_owners') }} as account_owners
        on requests.company_domain = account_owners.company_domain
    left join best on requests.assignment_id = best.assignment_id

),

times as (

    select
        choices.assignment_id,
        sla.minutes as sla_minutes
    from choices
    inner join {{ ref('routing_sla') }} as sla
        on sla.segment in ('*', choices.segment) and choices.score >= sla.min_score
    qualify
        row_number() over (
            partition by choices.assignment_id
            order by case when sla.segment = '*' then 1 else 0 end, sla.min_score desc
        ) = 1

),

due as (

    select
        choices.*,
        times.sla_minutes,
        {{ business_deadline(
            'choices.reached_at',
            'times.sla_minutes',
            'calendars.zone',
            'calendars.hours',
            'calendars.holidays'
        ) }} as sla_due_at
    from choices
    left join times on choices.assignment_id = times.assignment_id
    left join {{ ref('reps') }} as reps on choices.rep_id = reps.rep_id
    left join {{ ref('int_rep_calendars') }} as calendars on reps.calendar = calendars.calendar

)

select * from due
