with

source as (

    select *
    from {{ ref('base_raw__events') }}
    where source = 'millrace' and event_type = 'mql_reached' and body is not null

),

renamed as (

    select
        {{ event_columns() }},
        {{ json_text('body', '$.person_id') }} as person_id,
        {{ json_text('body', '$.cause_source') }} as cause_source,
        {{ json_text('body', '$.cause_event_key') }} as cause_event_key,

        event_type as decision_type,
        {{ json_text('body', '$.score_version') }} as score_version,

        {{ try_to(json_text('body', '$.score'), 'integer') }} as score,
        {{ try_to(json_text('body', '$.threshold'), 'integer') }} as threshold,

        {{ timestamp_from_iso(json_text('body', '$.occurred_at')) }} as occurred_at
    from source

)

select * from renamed
