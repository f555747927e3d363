with

leads as (

    select * from {{ ref('int_meta_leads') }}

),

created as (

    select
        opportunity_id,
        {{ earliest('event_id') }} as event_id
    from {{ ref('int_opportunity_changes') }}
    group by opportunity_id

),

opened as (

    select
        opportunities.person_id,
        applied.is_historical,
        logged.correlation_id,
        opportunities.created_at as reached_at
    from {{ ref('fct_opportunities') }} as opportunities
    inner join created on opportunities.opportunity_id = created.opportunity_id
    inner join {{ ref('int_applied_events') }} as applied on created.event_id = applied.event_id
    inner join {{ ref('base_raw__events') }} as logged on applied.position = logged.position
    where not opportunities.is_deleted

),

later as (

    select
        person_id,
        'mql' as stage,
        is_historical,
        correlation_id,
        reached_at
    from {{ ref('fct_mqls') }}
    union all
    select
        person_id,
        'opportunity' as stage,
        is_historical,
        correlation_id,
        reached_at
    from opened
    union all
    select
        person_id,
        'won' as stage,
        is_historical,
        correlation_id,
        converted_at as reached_at
    from {{ ref('fct_conversions') }}

),

-- What somebody reaches counts for the newest lead before it.
of_lead as (

    select
        leads.lead_id,
        leads.person_id,
        leads.created_at,
        later.stage,
        later.is_historical,
        later.correlation_id,
        later.reached_at
    from later
    inner join leads
        on later.person_id = leads.person_id and later.reached_at > leads.created_at
    qualify
        leads.created_at = max(leads.created_at) over (
            partition by later.person_id, later.stage, later.reached_at
        )

),

reached as (

    select
        lead_id,
        person_id,
        'lead' as stage,
        is_historical,
        correlation_id,
        -- Meta may drop an event that is not later than its lead.
        {{ add_seconds('created_at', 1) }} as reached_at
    from leads
    union all
    select
        lead_id,
        person_id,
        stage,
        is_historical,
        correlation_id,
        reached_at
    from of_lead

),

-- A stage is reached once.
stages as (

    select
        'meta_lead:' || lead_id || ':' || stage as lead_stage_id,
        *
    from reached
    qualify
        row_number() over (
            partition by lead_id, stage
            order by reached_at, correlation_id
        ) = 1

)

select * from stages
