{% set item = {
    'id': none, 'external_id': none, 'user_id': none, 'role': none, 'email': none, 'phone': none,
    'name': none, 'location': ['country'],
} %}

with

source as (

    select
        *,
        {{ json_record('body', {
            'app_id': none, 'created_at': none, 'data': {'item': item},
        }) }} as told
    from {{ ref('base_raw__events') }}
    where
        source = 'intercom'
        and event_type in ('contact.created', 'contact.user.created', 'contact.lead.created')
        and body is not null

),

renamed as (

    select
        {{ event_columns() }},
        {{ text_of('told.app_id') }} as app_id,
        {{ text_of('told.data.item.id') }} as contact_id,
        coalesce(
            {{ text_of('told.data.item.external_id') }}, {{ text_of('told.data.item.user_id') }}
        ) as user_id,

        {{ text_of('told.data.item.role') }} as role,
        {{ text_of('told.data.item.email') }} as email,
        {{ text_of('told.data.item.phone') }} as phone,
        {{ text_of('told.data.item.name') }} as name,
        {{ text_of('told.data.item.location.country') }} as country,

        {{ timestamp_from_seconds(text_of('told.created_at')) }} as occurred_at
    from source

)

select * from renamed
