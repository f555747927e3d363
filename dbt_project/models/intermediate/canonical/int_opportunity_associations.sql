with

hubspot_changes as (

    select
        event_id,
        'hubspot:' || portal_id || ':' || deal_id as opportunity_id,
        contact_id,
        case when is_removed then 1 else 0 end as is_removed,
        case when is_primary then 1 else 0 end as is_primary,
        0 as is_whole_list,
        order_key
    from {{ applied('stg_hubspot__deal_contacts') }} as deal_contacts

),

hubspot_lists as (

    select
        listed.event_id,
        'hubspot:' || listed.portal_id || ':' || listed.deal_id as opportunity_id,
        listed.contact_id,
        0 as is_removed,
        0 as is_primary,
        1 as is_whole_list,
        records.order_key
    from {{ ref('stg_hubspot__record_contacts') }} as listed
    inner join {{ applied('stg_hubspot__records') }} as records
        on listed.event_id = records.event_id

),

salesforce_roles as (

    select
        event_id,
        {{ salesforce_record('organization_id', 'opportunity_id') }} as opportunity_id,
        contact_id,
        case when is_removed then 1 else 0 end as is_removed,
        case when is_primary then 1 else 0 end as is_primary,
        0 as is_whole_list,
        order_key
    from {{ applied('stg_salesforce__contact_roles') }} as roles

),

-- The contact on the opportunity itself is one: a later one takes its place.
salesforce_contacts as (

    select
        told.event_id,
        {{ salesforce_record('told.organization_id', 'told.object_id') }} as opportunity_id,
        told.contact_id,
        0 as is_removed,
        1 as is_primary,
        0 as is_whole_list,
        told.order_key
    from {{ applied('stg_salesforce__opportunities') }} as told
    where told.contact_id is not null
    qualify
        row_number() over (
            partition by told.organization_id, told.object_id
            order by told.order_key desc
        ) = 1

),

told as (

    select
        *,
        'hubspot_contact_id' as contact_field
    from hubspot_changes
    union all
    select
        *,
        'hubspot_contact_id' as contact_field
    from hubspot_lists
    union all
    select
        *,
        'salesforce_id' as contact_field
    from salesforce_roles
    union all
    select
        *,
        'salesforce_id' as contact_field
    from salesforce_contacts

),

associations as (

    select
        event_id,
        opportunity_id,
        contact_field,
        contact_id,
        is_removed,
        is_primary,
        is_whole_list,
        order_key
    from told

)

select * from associations
