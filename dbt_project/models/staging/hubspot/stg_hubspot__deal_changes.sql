with

source as (

    select
        *,
        {{ json_text('body', '$.objectTypeId') }} as object_type_id
    from {{ ref('base_raw__events') }}
    where source = 'hubspot' and body is not null

),

deal_changes as (

    select *
    from source
    where
        event_type in ('deal.creation', 'deal.propertyChange', 'deal.deletion')
        or (
            object_type_id = '0-3'
            and event_type in ('object.creation', 'object.propertyChange', 'object.deletion')
        )

),

renamed as (

    select
        {{ event_columns() }},
        {{ json_text('body', '$.portalId') }} as portal_id,
        {{ json_text('body', '$.objectId') }} as deal_id,

        case
            when event_type like '%.creation' then 'creation'
            when event_type like '%.propertyChange' then 'property'
            else 'deletion'
        end as change_type,
        {{ json_text('body', '$.propertyName') }} as property_name,
        {{ json_text('body', '$.propertyValue') }} as property_value,
        {{ json_text('body', '$.changeSource') }} as change_source,

        {{ timestamp_from_ms(json_text('body', '$.occurredAt')) }} as occurred_at
    from deal_changes

)

select * from renamed
