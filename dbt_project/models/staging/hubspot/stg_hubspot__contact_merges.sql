with

source as (

    select *
    from {{ ref('base_raw__events') }}
    where
        source = 'hubspot'
        and body is not null
        and (
            event_type = 'contact.merge'
            or (event_type = 'object.merge' and {{ json_text('body', '$.objectTypeId') }} = '0-1')
        )

),

renamed as (

    select
        {{ event_columns() }},
        {{ json_text('body', '$.portalId') }} as portal_id,
        coalesce(
            {{ json_text('body', '$.newObjectId') }},
            {{ json_text('body', '$.primaryObjectId') }}
        ) as surviving_contact_id,
        {{ json_text('body', '$.primaryObjectId') }} as primary_contact_id,
        {{ json_text('body', '$.mergedObjectIds') }} as merged_contact_ids,

        {{ timestamp_from_ms(json_text('body', '$.occurredAt')) }} as occurred_at
    from source

)

select * from renamed
