with

record_people as (

    select * from {{ ref('int_record_people') }}

),

contact_people as (

    select
        fields.field,
        fields.field_value,
        -- Two people may name one contact where no rule links them by it.
        min(record_people.person_id) as person_id
    from {{ ref('int_identity_fields') }} as fields
    inner join record_people on fields.record_id = record_people.record_id
    where fields.field in ('hubspot_contact_id', 'salesforce_id')
    group by fields.field, fields.field_value

),

contacts as (

    select
        opportunity_id,
        contact_field,
        case
            when contact_field = 'salesforce_id'
                then {{ identity_key("'salesforce_id'", 'contact_id') }}
            else contact_id
        end as contact_id
    from {{ ref('int_opportunity_contacts') }}

),

through_association as (

    select
        contacts.opportunity_id,
        contact_people.person_id
    from contacts
    inner join contact_people
        on
            contacts.contact_field = contact_people.field
            and contacts.contact_id = contact_people.field_value

),

through_own_identity as (

    select
        changes.opportunity_id,
        {{ latest('record_people.person_id', 'changes.order_key') }} as person_id
    from {{ ref('int_opportunity_changes') }} as changes
    inner join {{ ref('int_contact_events') }} as observations
        on changes.event_id = observations.event_id
    inner join record_people on observations.record_id = record_people.record_id
    group by changes.opportunity_id

),

unioned as (

    select * from through_association
    union all
    select * from through_own_identity

)

select * from unioned
