with

typed as (

    select
        event_id,
        event_type as activity_type
    from {{ ref('stg_standard__events') }}
    where event_type not in ('contact_updated', 'consent_changed', 'opportunity_changed')
    union all
    select
        event_id,
        'form_submit' as activity_type
    from {{ ref('stg_typeform__responses') }}

),

activities as (

    select
        observations.event_id as activity_id,
        observations.record_id,
        observations.correlation_id,
        typed.activity_type,
        observations.utm_source,
        observations.utm_medium,
        observations.utm_campaign,
        observations.utm_term,
        observations.utm_content,
        observations.gclid,
        observations.fbclid,
        observations.page_url,
        observations.referrer,
        observations.order_key,
        observations.occurred_at
    from {{ ref('int_contact_observations') }} as observations
    inner join typed on observations.event_id = typed.event_id

)

select * from activities
