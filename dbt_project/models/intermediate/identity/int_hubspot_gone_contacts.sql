with

contact_merges as (

    select * from {{ applied('stg_hubspot__contact_merges') }} as contact_merges

),

merged_items as (

    select
        surviving_contact_id,
        {{ json_items('merged_contact_ids', '$') }} as item
    from contact_merges

),

deleted as (

    select changes.contact_id
    from {{ applied('stg_hubspot__contact_changes') }} as changes
    where changes.change_type in ('deletion', 'privacy_deletion')

),

gone as (

    select primary_contact_id as contact_id
    from contact_merges
    where primary_contact_id <> surviving_contact_id
    union
    select {{ json_text('item', '$') }} as contact_id
    from merged_items
    where {{ json_text('item', '$') }} <> surviving_contact_id
    union
    select contact_id from deleted

)

select * from gone
