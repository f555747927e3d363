{% set tracking = [
    'utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content', 'salesforce_uuid',
] %}
{% set invitee = {
    'uri': none, 'email': none, 'name': none, 'first_name': none, 'last_name': none,
    'timezone': none, 'text_reminder_number': none, 'tracking': tracking,
} %}

with

source as (

    select
        *,
        {{ json_record('body', {'created_at': none, 'payload': invitee}) }} as told
    from {{ ref('base_raw__events') }}
    where
        source = 'calendly'
        and event_type in ('invitee.created', 'invitee.canceled', 'invitee_no_show.created')
        and body is not null

),

renamed as (

    select
        {{ event_columns() }},
        {{ text_of('told.payload.uri') }} as invitee_uri,
        {{ text_of('told.payload.tracking.salesforce_uuid') }} as salesforce_uuid,

        {{ text_of('told.payload.email') }} as email,
        {{ text_of('told.payload.text_reminder_number') }} as phone,
        {{ text_of('told.payload.name') }} as name,
        {{ text_of('told.payload.first_name') }} as first_name,
        {{ text_of('told.payload.last_name') }} as last_name,
        {{ text_of('told.payload.timezone') }} as timezone,
        lower({{ text_of('told.payload.tracking.utm_source') }}) as utm_source,
        lower({{ text_of('told.payload.tracking.utm_medium') }}) as utm_medium,
        {{ text_of('told.payload.tracking.utm_campaign') }} as utm_campaign,
        {{ text_of('told.payload.tracking.utm_term') }} as utm_term,
        {{ text_of('told.payload.tracking.utm_content') }} as utm_content,

        {{ timestamp_from_iso(text_of('told.created_at')) }} as occurred_at
    from source

)

select * from renamed
