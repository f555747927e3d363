with

applied as (

    select * from {{ ref('int_applied_events') }}

),

hubspot_changes as (

    select
        event_id,
        'hubspot:' || portal_id || ':' || deal_id as opportunity_id,
        contact_id,
        case when is_removed then 1 else 0 end as is_removed,
        case when is_primary then 1 else 0 end as is_primary,
        0 as is_whole_list
    from {{ ref('stg_hubspot__deal_contacts') }}

),

hubspot_lists as (

    select
        event_id,
        'hubspot:' || portal_id || ':' || deal_id as opportunity_id,
        contact_id,
        0 as is_removed,
        0 as is_primary,
        1 as is_whole_list
    from {{ ref('stg_hubspot__record_contacts') }}

),

salesforce_roles as (

    select
        event_id,
        {{ salesforce_record('organization_id', 'opportunity_id') }} as opportunity_id,
        contact_id,
        case when is_removed then 1 else 0 end as is_removed,
        case when is_primary then 1 else 0 end as is_primary,
        0 as is_whole_list
    from {{ ref('stg_salesforce__contact_roles') }}

),

-- The contact on the opportunity itself is one: a later one takes its place.
salesforce_contacts as (

    select
        told.event_id,
        {{ salesforce_record('told.organization_id', 'told.object_id') }} as opportunity_id,
        told.contact_id,
        0 as is_removed,
        1 as is_primary,
        0 as is_whole_list
    from {{ ref('stg_salesforce__opportunities') }} as told
    inner join applied on told.event_id = applied.event_id
    where told.contact_id is not null
    qualify
        row_number() over (
            partition by told.organization_id, told.object_id
            order by applied.order_key desc
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
        told.event_id,
        told.opportunity_id,
        told.contact_field,
        told.contact_id,
        told.is_removed,
        told.is_primary,
        told.is_whole_list,
        applied.order_key
    from told
    inner join applied on told.event_id = applied.event_id

)

select * from associations
