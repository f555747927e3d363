with

erasures as (

    select
        erasures.event_id,
        applied.vendor_id,
        erasures.salt,
        erasures.identifier_hashes,
        applied.order_key,
        applied.occurred_at
    from {{ ref('stg_millrace__erasures') }} as erasures
    inner join {{ ref('int_applied_events') }} as applied on erasures.event_id = applied.event_id

),

listed as (

    select
        event_id,
        vendor_id,
        salt,
        order_key,
        occurred_at,
        {{ json_items('identifier_hashes', '$') }} as listed_hash
    from erasures

),

identifiers as (

    select distinct
        event_id,
        vendor_id,
        salt,
        {{ json_text('listed_hash', '$') }} as identifier_hash,
        order_key,
        occurred_at
    from listed

)

select * from identifiers
