with

contact_merges as (

    select * from {{ applied('int_hubspot_contact_merges') }} as contact_merges

),

deleted as (

    select changes.contact_id
    from {{ applied('stg_hubspot__contact_changes') }} as changes
    where changes.change_type in ('deletion', 'privacy_deletion')

),

gone as (

    select merged_contact_id as contact_id
    from contact_merges
    where merged_contact_id <> surviving_contact_id
    union
    select contact_id from deleted

)

select * from gone
