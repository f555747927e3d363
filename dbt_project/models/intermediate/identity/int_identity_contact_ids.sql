with

records as (

    select * from {{ ref('int_contact_records') }}

),

applied as (

    select * from {{ ref('int_applied_events') }}

),

contact_merges as (

    select * from {{ ref('stg_hubspot__contact_merges') }}

),

merged_contacts as (

    select
        event_id,
        portal_id,
        surviving_contact_id,
        {{ json_items('merged_contact_ids', '$') }} as merged_contact_id
    from contact_merges

),

merge_members as (

    select
        event_id,
        'hubspot:' || portal_id || ':' || surviving_contact_id as record_id,
        {{ json_text('merged_contact_id', '$') }} as contact_id
    from merged_contacts
    union all
    select
        event_id,
        'hubspot:' || portal_id || ':' || surviving_contact_id as record_id,
        primary_contact_id as contact_id
    from contact_merges

),

-- The CRM tells which contact a person became: the record that the person is named after has it.
announced as (

    select
        answers.event_id,
        records.record_id,
        answers.contact_id
    from {{ ref('stg_millrace__answers') }} as answers
    inner join records on answers.person_id = records.own_person_id
    where answers.destination = 'hubspot'

),

told as (

    select * from merge_members
    union all
    select * from announced

),

contact_ids as (

    select
        told.record_id,
        told.contact_id as hubspot_contact_id,
        min(applied.occurred_at) as first_told_at
    from told
    inner join applied on told.event_id = applied.event_id
    where told.contact_id is not null
    group by told.record_id, told.contact_id

)

select * from contact_ids
