with

erasures as (

    select
        event_id,
        {{ vendor_id_of('event_id', 'source') }} as vendor_id,
        salt,
        identifier_hashes,
        order_key,
        occurred_at
    from {{ applied('stg_millrace__erasures') }} as erasures

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
