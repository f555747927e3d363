with

associations as (

    select
        'hubspot:' || deal_contacts.portal_id || ':' || deal_contacts.deal_id as opportunity_id,
        deal_contacts.contact_id as hubspot_contact_id,
        applied.event_id,
        applied.order_key,
        case when deal_contacts.is_removed then 1 else 0 end as is_removed,
        case when deal_contacts.is_primary then 1 else 0 end as is_primary
    from {{ ref('stg_hubspot__deal_contacts') }} as deal_contacts
    inner join {{ ref('int_applied_events') }} as applied
        on deal_contacts.event_id = applied.event_id

),

current_state as (

    select
        opportunity_id,
        hubspot_contact_id,
        {{ latest('is_removed') }} as is_removed,
        {{ latest('is_primary') }} as is_primary,
        min(order_key) as first_order_key
    from associations
    group by opportunity_id, hubspot_contact_id

),

main_contact as (

    select
        opportunity_id,
        hubspot_contact_id
    from current_state
    where is_removed = 0
    qualify
        row_number() over (
            partition by opportunity_id
            order by is_primary desc, first_order_key asc
        ) = 1

)

select * from main_contact
