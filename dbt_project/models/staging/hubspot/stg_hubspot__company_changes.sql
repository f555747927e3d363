{% set members = [
    'objectTypeId', 'portalId', 'objectId', 'propertyName', 'propertyValue', 'occurredAt',
] %}

with

source as (

    select
        *,
        {{ json_record('body', members) }} as told
    from {{ ref('base_raw__events') }}
    where
        source = 'hubspot'
        and event_type in (
            'company.creation', 'company.propertyChange', 'company.deletion',
            'object.creation', 'object.propertyChange', 'object.deletion'
        )
        and body is not null

),

company_changes as (

    select source.*
    from source
    where source.event_type like 'company.%' or {{ text_of('told.objectTypeId') }} = '0-2'

),

renamed as (

    select
        {{ event_columns() }},
        {{ text_of('told.portalId') }} as portal_id,
        {{ text_of('told.objectId') }} as company_id,

        case
            when company_changes.event_type like '%.creation' then 'creation'
            when company_changes.event_type like '%.propertyChange' then 'property'
            else 'deletion'
        end as change_type,
        {{ text_of('told.propertyName') }} as property_name,
        {{ text_of('told.propertyValue') }} as property_value,

        {{ timestamp_from_ms(text_of('told.occurredAt')) }} as occurred_at
    from company_changes

)

select * from renamed
