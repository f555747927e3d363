with

-- Segment's own tag gives its message id to the browser's pixel; other sites name the pixel's id.
named as (

    select
        event_id,
        {{ event_key_of(vendor_id_of('event_id', 'source'), 'source') }} as pixel_event_id
    from {{ ref('stg_segment__calls') }}
    union all
    select
        event_id,
        pixel_event_id
    from {{ ref('stg_standard__events') }}
    where pixel_event_id is not null
    union all
    select
        event_id,
        pixel_event_id
    from {{ ref('stg_typeform__responses') }}
    where pixel_event_id is not null

)

select * from named
