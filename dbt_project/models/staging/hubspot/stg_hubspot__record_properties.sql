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
        event_id,

        replace(event_type, '.pulled', '') as object_type,
        property.key as property_name,
        {{ text_of('property.value') }} as property_value
    from source

)

select * from renamed
where property_value is not null
