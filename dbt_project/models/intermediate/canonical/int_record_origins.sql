with

contact_events as (

    select * from {{ ref('int_contact_events') }}

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
        {{ latest('correlation_id') }} as correlation_id,
        max(order_key) as order_key
    from contact_events
    group by record_id

)

select * from origins
