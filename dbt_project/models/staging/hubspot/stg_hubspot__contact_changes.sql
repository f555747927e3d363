with

source as (

    select
        *,
        {{ json_text('body', '$.objectTypeId') }} as object_type_id
    from {{ ref('base_raw__events') }}
    where source = 'hubspot' and body is not null

),

contact_changes as (

    select *
    from source
    where
        event_type in (
            'contact.creation',
            'contact.propertyChange',
            'contact.deletion',
            'contact.privacyDeletion'
        )
        or (
            object_type_id = '0-1'
            and event_type in (
                'object.creation',
                'object.propertyChange',
                'object.deletion',
                'object.privacyDeletion'
            )
        )

),

renamed as (

    select
        {{ event_columns() }},
        {{ json_text('body', '$.portalId') }} as portal_id,
        {{ json_text('body', '$.objectId') }} as contact_id,

        case
            when event_type like '%.creation' then 'creation'
            when event_type like '%.propertyChange' then 'property'
            when event_type like '%.deletion' then 'deletion'
            else 'privacy_deletion'
        end as change_type,
        {{ json_text('body', '$.propertyName') }} as property_name,
        {{ json_text('body', '$.propertyValue') }} as property_value,
        {{ json_text('body', '$.changeSource') }} as change_source,

        {{ timestamp_from_ms(json_text('body', '$.occurredAt')) }} as occurred_at
    from contact_changes

)

select * from renamed
