with

source as (

    select
        event_id,
        {{ json_items('body', '$.object.field_data') }} as answer
    from {{ ref('base_raw__events') }}
    where source = 'meta' and event_type = 'lead.pulled' and body is not null

),

renamed as (

    select
        event_id,

        lower({{ json_text('answer', '$.name') }}) as question,
        {{ json_text('answer', '$.values[0]') }} as answer_value
    from source

)

select * from renamed
