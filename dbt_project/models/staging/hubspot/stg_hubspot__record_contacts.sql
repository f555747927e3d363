with

source as (

    select
        event_id,
        {{ json_text('body', '$.account') }} as portal_id,
        {{ json_text('body', '$.object.id') }} as deal_id,
        {{ json_items('body', '$.object.associations.contacts.results') }} as association
    from {{ ref('base_raw__events') }}
    where source = 'hubspot' and event_type = 'deal.pulled' and body is not null

),

renamed as (

    -- A contact is listed once for each label of its association.
    select distinct
        event_id,
        portal_id,
        deal_id,
        {{ json_text('association', '$.id') }} as contact_id
    from source

)

select * from renamed
