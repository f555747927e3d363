with

records as (

    select * from {{ ref('int_contact_records') }}

),

contact_merges as (

    select * from {{ applied('int_hubspot_contact_merges') }} as contact_merges

),

merge_members as (

    select
        'hubspot:' || portal_id || ':' || surviving_contact_id as record_id,
        merged_contact_id as contact_id,
        occurred_at
    from contact_merges

),

-- The CRM tells which contact a person became: the record that the person is named after has it.
announced as (

    select
        records.record_id,
        answers.contact_id,
        answers.occurred_at
    from {{ applied('stg_millrace__answers') }} as answers
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
        record_id,
        contact_id as hubspot_contact_id,
        min(occurred_at) as first_told_at
    from told
    where contact_id is not null
    group by record_id, contact_id

)

select * from contact_ids
