with

conversions as (

    select
        'conversion:' || opportunities.opportunity_id as conversion_id,
        opportunities.person_id,
        opportunities.opportunity_id,
        golden.original_source,
        coalesce(opportunities.currency, '{{ var("default_currency") }}') as currency,
        cast(coalesce(opportunities.amount, 0) as decimal(18, 2)) as value,
        won_events.is_historical,
        logged.correlation_id,
        opportunities.won_at as converted_at
    from {{ ref('fct_opportunities') }} as opportunities
    inner join {{ ref('int_golden_records') }} as golden
        on opportunities.person_id = golden.person_id
    inner join {{ ref('int_applied_events') }} as won_events
        on opportunities.won_event_id = won_events.event_id
    inner join {{ ref('base_raw__events') }} as logged on won_events.position = logged.position
    where opportunities.is_won

)

select * from conversions
