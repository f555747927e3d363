with

events as (

    select * from {{ ref('stg_standard__events') }}

),

activities as (

    select
        position,
        event_id,
        event_type as activity_type,
        outcome,
        amount as amount_given,
        currency,
        '/data/amount' as amount_path,
        '/data/currency' as currency_path
    from events
    where event_type not in ('contact_updated', 'consent_changed', 'opportunity_changed')

)

select * from activities
