{% set members = ['id', 'userId', 'email', 'firstName', 'lastName', 'archived', 'updatedAt'] %}

with

source as (

    select
        *,
        {{ json_record('body', {'account': none, 'object': members}) }} as told
    from {{ ref('base_raw__events') }}
    where source = 'hubspot' and event_type = 'owner.pulled' and body is not null

),

renamed as (

    select
        {{ event_columns() }},
        {{ text_of('told.account') }} as portal_id,
        {{ text_of('told.object.id') }} as owner_id,
        {{ text_of('told.object.userId') }} as user_id,

        lower({{ text_of('told.object.email') }}) as email,
        {{ text_of('told.object.firstName') }} as first_name,
        {{ text_of('told.object.lastName') }} as last_name,

        {{ flag_of('told.object.archived') }} as is_archived,

        {{ timestamp_from_iso(text_of('told.object.updatedAt')) }} as occurred_at
    from source

)

select * from renamed
