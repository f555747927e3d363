with

source as (

    select
        *,
        {{ json_record('body', {
            'account': none, 'object': ['id', 'archived', 'updatedAt'],
        }) }} as told
    from {{ ref('base_raw__events') }}
    where
        source = 'hubspot'
        and event_type in ('contact.pulled', 'company.pulled', 'deal.pulled')
        and body is not null

),

renamed as (

    select
        {{ event_columns() }},
        {{ text_of('told.account') }} as portal_id,
        {{ text_of('told.object.id') }} as object_id,

        replace(source.event_type, '.pulled', '') as object_type,

        {{ flag_of('told.object.archived') }} as is_archived,

        {{ timestamp_from_iso(text_of('told.object.updatedAt')) }} as occurred_at
    from source

)

select * from renamed
