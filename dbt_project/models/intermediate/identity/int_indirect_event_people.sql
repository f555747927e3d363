with

record_people as (

    select * from {{ ref('int_record_people') }}

),

opportunity_people as (

    select * from {{ ref('int_opportunity_people') }}

),

told_by_an_opportunity as (

    select
        changes.event_id,
        opportunity_people.person_id
    from {{ ref('int_opportunity_changes') }} as changes
    inner join opportunity_people on changes.opportunity_id = opportunity_people.opportunity_id

),

told_by_an_association as (

    select
        deal_contacts.event_id,
        min(record_people.person_id) as person_id
    from {{ ref('stg_hubspot__deal_contacts') }} as deal_contacts
    inner join {{ ref('int_identity_fields') }} as fields
        on
            fields.field = 'hubspot_contact_id'
            and deal_contacts.contact_id = fields.field_value
    inner join record_people on fields.record_id = record_people.record_id
    group by deal_contacts.event_id

),

decisions as (

    select
        event_id,
        person_id,
        cause_source,
        cause_event_key
    from {{ ref('stg_millrace__decisions') }}
    union all
    select
        event_id,
        person_id,
        cause_source,
        cause_event_key
    from {{ ref('stg_millrace__assignments') }}

),

caused_by_an_event as (

    select
        decisions.event_id,
        record_people.person_id
    from decisions
    inner join {{ ref('int_contact_events') }} as causes
        on causes.event_id = decisions.cause_source || ':' || decisions.cause_event_key
    inner join record_people on causes.record_id = record_people.record_id

),

addressed as (

    select
        event_id,
        person_id
    from decisions
    union all
    select
        event_id,
        person_id
    from {{ ref('stg_millrace__answers') }}

),

addressed_to_a_person as (

    select
        addressed.event_id,
        record_people.person_id
    from addressed
    inner join record_people on addressed.person_id = record_people.own_person_id

),

told_by_a_link as (

    select
        found.event_id,
        min(record_people.person_id) as person_id
    from {{ ref('int_identity_references') }} as found
    inner join record_people on found.record_id = record_people.record_id
    where found.side = 'one'
    group by found.event_id

),

claims as (

    select
        event_id,
        person_id,
        1 as preference
    from told_by_an_opportunity
    union all
    select
        event_id,
        person_id,
        2 as preference
    from told_by_an_association
    union all
    select
        event_id,
        person_id,
        3 as preference
    from caused_by_an_event
    union all
    select
        event_id,
        person_id,
        4 as preference
    from addressed_to_a_person
    union all
    select
        event_id,
        person_id,
        5 as preference
    from told_by_a_link

),

indirect as (

    select
        applied.event_id,
        applied.position,
        claims.person_id,
        applied.source,
        applied.event_key,
        applied.event_type,
        applied.order_key,
        applied.occurred_at
    from {{ ref('int_applied_events') }} as applied
    inner join claims on applied.event_id = claims.event_id
    left join {{ ref('int_contact_events') }} as direct on applied.position = direct.position
    where direct.position is null
    qualify
        row_number() over (
            partition by applied.event_id
            order by claims.preference, claims.person_id
        ) = 1

)

select * from indirect
