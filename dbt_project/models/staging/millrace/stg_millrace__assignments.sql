with

source as (

    select *
    from {{ ref('base_raw__events') }}
    where source = 'millrace' and event_type = 'owner_assigned' and body is not null

),

renamed as (

    select
        {{ event_columns() }},
        {{ json_text('body', '$.mql_id') }} as mql_id,
        {{ json_text('body', '$.person_id') }} as person_id,
        {{ json_text('body', '$.rep_id') }} as rep_id,
        {{ json_text('body', '$.cause_source') }} as cause_source,
        {{ json_text('body', '$.cause_event_key') }} as cause_event_key,

        event_type as decision_type,
        {{ json_text('body', '$.reason') }} as reason,
        {{ json_text('body', '$.territory') }} as territory,
        {{ json_text('body', '$.product_line') }} as product_line,
        {{ json_text('body', '$.segment') }} as segment,
        {{ json_text('body', '$.candidates') }} as candidates,

        {{ try_to(json_text('body', '$.sla_minutes'), 'integer') }} as sla_minutes,

        {{ timestamp_from_iso(json_text('body', '$.sla_due_at')) }} as sla_due_at,
        {{ timestamp_from_iso(json_text('body', '$.occurred_at')) }} as occurred_at
    from source

)

select * from renamed
