with

source as (

    select *
    from {{ ref('base_raw__events') }}
    where source = 'millrace' and event_type = 'erased' and body is not null

),

renamed as (

    select
        {{ event_columns() }},
        {{ json_text('body', '$.erasure_id') }} as erasure_id,

        {{ json_text('body', '$.salt') }} as salt,
        {{ json_text('body', '$.identifiers') }} as identifier_hashes,

        {{ timestamp_from_iso(json_text('body', '$.occurred_at')) }} as occurred_at
    from source

)

select * from renamed
