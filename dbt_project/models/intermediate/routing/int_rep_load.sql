with

-- The time of the newest event: what lies long before it is no work any more.
latest_event as (

    select max(occurred_at) as occurred_at from {{ ref('int_applied_events') }}

),

owners as (

    select * from {{ ref('int_person_owners') }}

),

assigned as (

    select
        person_id,
        max(assigned_at) as assigned_at
    from {{ ref('int_assignment_decisions') }}
    group by person_id

),

deals as (

    select
        people.person_id,
        max(opportunities.created_at) as created_at,
        max(opportunities.updated_at) as updated_at,
        sum(
            case
                when
                    not opportunities.is_won
                    and not opportunities.is_lost
                    and not opportunities.is_deleted
                    and {{ add_days('opportunities.updated_at', var('deal_open_days')) }}
                    >= latest_event.occurred_at
                    then 1
                else 0
            end
        ) as open_deals
    from {{ ref('int_opportunities') }} as opportunities
    cross join latest_event
    inner join {{ ref('int_opportunity_people') }} as people
        on opportunities.opportunity_id = people.opportunity_id
    group by people.person_id

),

work as (

    select
        owners.rep_id,
        coalesce(deals.open_deals, 0) as open_deals,
        case
            -- Whoever has a deal since is worked on as a deal, or is done.
            when deals.updated_at >= assigned.assigned_at then 0
            when
                {{ add_days('assigned.assigned_at', var('lead_open_days')) }}
                >= latest_event.occurred_at
                then 1
            else 0
        end as open_leads
    from owners
    cross join latest_event
    left join assigned on owners.person_id = assigned.person_id
    left join deals on owners.person_id = deals.person_id

),

load as (

    select
        reps.rep_id,
        reps.capacity,
        cast(coalesce(sum(work.open_leads), 0) as integer) as open_leads,
        cast(coalesce(sum(work.open_deals), 0) as integer) as open_deals,
        cast(coalesce(sum(work.open_leads + work.open_deals), 0) as integer) as open_load
    from {{ ref('reps') }} as reps
    left join work on reps.rep_id = work.rep_id
    group by reps.rep_id, reps.capacity

)

select * from load
