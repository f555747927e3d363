with

source as (

    select
        event_id,
        {{ json_items('body', '$.form_response.answers') }} as answer
    from {{ ref('base_raw__events') }}
    where source = 'typeform' and event_type = 'form_response' and body is not null

),

renamed as (

    select
        event_id,
        {{ json_text('answer', '$.field.id') }} as field_id,
        {{ json_text('answer', '$.field.ref') }} as field_ref,

        {{ json_text('answer', '$.type') }} as answer_type,
        coalesce(
            {{ json_text('answer', '$.email') }},
            {{ json_text('answer', '$.phone_number') }},
            {{ json_text('answer', '$.text') }},
            {{ json_text('answer', '$.number') }},
            {{ json_text('answer', '$.boolean') }},
            {{ json_text('answer', '$.choice.label') }},
            {{ json_text('answer', '$.choice.other') }},
            {{ json_text('answer', '$.choices.labels') }},
            {{ json_text('answer', '$.date') }},
            {{ json_text('answer', '$.url') }}
        ) as answer_value
    from source

)

select * from renamed
