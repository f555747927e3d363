with

associations as (

    select * from {{ ref('int_opportunity_associations') }}

),

lists as (

    select
        opportunity_id,
        max(order_key) as listed_order_key
    from associations
    where is_whole_list = 1
    group by opportunity_id

),

current_state as (

    select
        opportunity_id,
        contact_field,
        contact_id,
        {{ latest('is_removed') }} as is_removed,
        {{ latest('is_primary') }} as is_primary,
        min(order_key) as first_order_key,
        max(order_key) as last_order_key
    from associations
    group by opportunity_id, contact_field, contact_id

),

present as (

    select current_state.*
    from current_state
    left join lists on current_state.opportunity_id = lists.opportunity_id
    where
        current_state.is_removed = 0
        and current_state.last_order_key
        >= coalesce(lists.listed_order_key, current_state.last_order_key)

),

main_contact as (

    select
        opportunity_id,
        contact_field,
        contact_id
    from present
    qualify
        row_number() over (
            partition by opportunity_id
            order by is_primary desc, first_order_key asc, contact_id asc
        ) = 1

)

select * from main_contact
