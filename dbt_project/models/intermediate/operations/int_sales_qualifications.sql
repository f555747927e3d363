with

mqls as (

    select
        person_id,
        mql_at
    from {{ ref('dim_people') }}
    where mql_at is not null

),

opportunities as (

    select * from {{ ref('fct_opportunities') }}
    where person_id is not null and not is_deleted

),

-- Past open: any stage but the first one and lost.
advanced as (

    select
        opportunity_id,
        min(occurred_at) as advanced_at
    from {{ ref('int_opportunity_changes') }}
    where stage is not null and stage <> 'open' and not is_lost
    group by opportunity_id

),

qualified as (

    select
        mqls.person_id,
        min(advanced.advanced_at) as sql_at
    from mqls
    inner join opportunities
        on mqls.person_id = opportunities.person_id and mqls.mql_at <= opportunities.created_at
    inner join advanced on opportunities.opportunity_id = advanced.opportunity_id
    group by mqls.person_id

)

select * from qualified
