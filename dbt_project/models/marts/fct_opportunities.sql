with

opportunities as (

    select
        opportunities.opportunity_id,
        people.person_id,
        opportunities.source,
        opportunities.name,
        opportunities.stage,
        opportunities.currency,
        opportunities.amount,
        opportunities.is_won,
        opportunities.is_lost,
        opportunities.is_deleted,
        opportunities.won_event_id,
        opportunities.won_at,
        opportunities.created_at,
        opportunities.updated_at
    from {{ ref('int_opportunities') }} as opportunities
    left join {{ ref('int_opportunity_people') }} as people
        on opportunities.opportunity_id = people.opportunity_id

)

select * from opportunities
