with

source as (

    select
        *,
        {{ json_record('body', {
            'account': none,
            'object': {'id': none, 'updatedAt': none, 'properties': ['hs_meeting_outcome']},
        }) }} as told
    from {{ ref('base_raw__events') }}
    where source = 'hubspot' and event_type = 'meeting.pulled' and body is not null

),

renamed as (

    select
        {{ event_columns() }},
        {{ text_of('told.account') }} as portal_id,
        {{ text_of('told.object.id') }} as meeting_id,
        {{ json_text('body', '$.object.associations.contacts.results[0].id') }} as contact_id,

        lower({{ text_of('told.object.properties.hs_meeting_outcome') }}) as outcome,

        {{ timestamp_from_iso(text_of('told.object.updatedAt')) }} as occurred_at
    from source

)

select * from renamed
