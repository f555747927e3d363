with

source as (

    select *
    from {{ ref('base_raw__events') }}
    where source = 'millrace' and event_type = 'contact_synced' and body is not null

),

renamed as (

    select
        {{ event_columns() }},
        {{ json_text('body', '$.person_id') }} as person_id,
        {{ json_text('body', '$.vendor_id') }} as contact_id,

        event_type as answer_type,
        {{ json_text('body', '$.destination') }} as destination,

        {{ timestamp_from_iso(json_text('body', '$.occurred_at')) }} as occurred_at
    from source

)

select * from renamed
