with

source as (

    select
        event_id,
        event_type,
        {{ json_members('body', '$.object.properties') }} as property
    from {{ ref('base_raw__events') }}
    where
        source = 'hubspot'
        and event_type in ('contact.pulled', 'company.pulled', 'deal.pulled')
        and body is not null

),

renamed as (

    select
        source.event_id,

        replace(source.event_type, '.pulled', '') as object_type,
        source.property.key as property_name,
        {{ text_of('source.property.value') }} as property_value
    from source

)

select * from renamed
where property_value is not null
