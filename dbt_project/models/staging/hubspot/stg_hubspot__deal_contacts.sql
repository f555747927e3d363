with

source as (

    select
        *,
        {{ json_text('body', '$.associationType') }} as association_type,
        {{ json_text('body', '$.fromObjectTypeId') }} as from_type,
        {{ json_text('body', '$.toObjectTypeId') }} as to_type,
        {{ json_text('body', '$.fromObjectId') }} as from_id,
        {{ json_text('body', '$.toObjectId') }} as to_id
    from {{ ref('base_raw__events') }}
    where
        source = 'hubspot'
        and body is not null
        and event_type in (
            'deal.associationChange',
            'contact.associationChange',
            'object.associationChange'
        )

),

directed as (

    select
        *,
        case
            when association_type = 'DEAL_TO_CONTACT' or (from_type = '0-3' and to_type = '0-1')
                then 'deal to contact'
            when association_type = 'CONTACT_TO_DEAL' or (from_type = '0-1' and to_type = '0-3')
                then 'contact to deal'
        end as direction
    from source

),

renamed as (

    select
        {{ event_columns() }},
        {{ json_text('body', '$.portalId') }} as portal_id,
        case when direction = 'deal to contact' then from_id else to_id end as deal_id,
        case when direction = 'deal to contact' then to_id else from_id end as contact_id,

        coalesce({{ json_text('body', '$.associationRemoved') }} = 'true', false) as is_removed,
        coalesce({{ json_text('body', '$.isPrimaryAssociation') }} = 'true', false) as is_primary,

        {{ timestamp_from_ms(json_text('body', '$.occurredAt')) }} as occurred_at
    from directed
    where direction is not null

)

select * from renamed
