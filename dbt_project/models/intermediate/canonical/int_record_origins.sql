with

contact_events as (

    select
        contact_events.record_id,
        contact_events.position,
        contact_events.utm_source,
        contact_events.utm_campaign,
        {{ order_key_in('contact_events') }} as order_key
    from {{ ref('int_contact_events') }} as contact_events

),

origins as (

    select
        record_id,
        {{ earliest('utm_source') }} as original_source,
        min(case when utm_source is not null then order_key end) as original_order_key,
        {{ earliest('utm_campaign') }} as original_campaign,
        min(case when utm_campaign is not null then order_key end) as campaign_order_key,
        {{ latest('utm_source') }} as latest_source,
        max(case when utm_source is not null then order_key end) as latest_order_key,
        {{ latest('position') }} as latest_position,
        max(order_key) as order_key
    from contact_events
    group by record_id

),

traced as (

    select
        origins.record_id,
        origins.original_source,
        origins.original_order_key,
        origins.original_campaign,
        origins.campaign_order_key,
        origins.latest_source,
        origins.latest_order_key,
        logged.correlation_id,
        origins.order_key
    from origins
    inner join {{ ref('base_raw__events') }} as logged
        on origins.latest_position = logged.position

)

select * from traced
