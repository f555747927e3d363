with

fields as (

    select
        fields.field,
        fields.field_value,
        record_people.person_id,
        record_people.first_occurred_at
    from {{ ref('int_identity_fields') }} as fields
    inner join {{ ref('int_record_people') }} as record_people
        on fields.record_id = record_people.record_id
    where fields.field in ('hubspot_contact_id', 'user_id')

),

applied as (

    select event_id from {{ ref('int_applied_events') }}

),

announced as (

    select
        answers.contact_id,
        min(answers.occurred_at) as announced_at
    from {{ ref('stg_millrace__answers') }} as answers
    inner join applied on answers.event_id = applied.event_id
    where answers.destination = 'hubspot'
    group by answers.contact_id

),

merged_away as (

    select contact_merges.primary_contact_id as contact_id
    from {{ ref('stg_hubspot__contact_merges') }} as contact_merges
    inner join applied on contact_merges.event_id = applied.event_id
    where contact_merges.primary_contact_id <> contact_merges.surviving_contact_id
    union
    select
        {{ json_text('merged.item', '$') }} as contact_id
    from (
        select
            event_id,
            surviving_contact_id,
            {{ json_items('merged_contact_ids', '$') }} as item
        from {{ ref('stg_hubspot__contact_merges') }}
    ) as merged
    inner join applied on merged.event_id = applied.event_id
    where {{ json_text('merged.item', '$') }} <> merged.surviving_contact_id

),

deleted as (

    select distinct changes.contact_id
    from {{ ref('stg_hubspot__contact_changes') }} as changes
    inner join applied on changes.event_id = applied.event_id
    where changes.change_type in ('deletion', 'privacy_deletion')

),

entities as (

    select
        fields.person_id,
        case when fields.field = 'user_id' then 'product' else 'hubspot' end as system,
        case when fields.field = 'user_id' then 'user' else 'contact' end as object_type,
        fields.field_value as external_id,
        fields.field = 'user_id'
        or (
            not exists (
                select 1 from merged_away
                where merged_away.contact_id = fields.field_value
            )
            and not exists (
                select 1 from deleted
                where deleted.contact_id = fields.field_value
            )
        ) as is_current,
        fields.first_occurred_at
    from fields

),

mapped as (

    select
        entities.person_id,
        entities.system,
        entities.object_type,
        entities.external_id,
        entities.is_current,
        min(announced.announced_at) as announced_at,
        min(entities.first_occurred_at) as first_seen_at
    from entities
    left join announced
        on entities.system = 'hubspot' and entities.external_id = announced.contact_id
    group by
        entities.person_id,
        entities.system,
        entities.object_type,
        entities.external_id,
        entities.is_current

)

select * from mapped
