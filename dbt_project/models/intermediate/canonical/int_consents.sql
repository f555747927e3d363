with

form_answers as (

    select
        event_id,
        'consent_advertising' as form_field,
        consent_advertising as answer
    from {{ ref('int_typeform_submissions') }}
    union all
    select
        event_id,
        'consent_email' as form_field,
        consent_email as answer
    from {{ ref('int_typeform_submissions') }}

),

said as (

    select
        form_answers.event_id,
        purposes.purpose,
        registry.canonical_value as status,
        'consent' as lawful_basis
    from form_answers
    inner join {{ ref('consent_purposes') }} as purposes
        on form_answers.form_field = purposes.form_field
    inner join {{ ref('enum_registry') }} as registry
        on registry.picklist = 'consent_answer' and lower(form_answers.answer) = registry.value
    union all
    select
        event_id,
        purpose,
        status,
        lawful_basis
    from {{ ref('stg_standard__events') }}
    where event_type = 'consent_changed'
    union all
    select
        changes.event_id,
        purposes.purpose,
        'withdrawn' as status,
        cast(null as {{ dbt.type_string() }}) as lawful_basis
    from {{ ref('stg_hubspot__contact_changes') }} as changes
    cross join {{ ref('consent_purposes') }} as purposes
    where changes.change_type = 'privacy_deletion'

),

consents as (

    select
        {{ vendor_id_of('observations.event_id', 'observations.source') }}
        || ':' || said.purpose as consent_id,
        observations.event_id,
        observations.record_id,
        said.purpose,
        said.status,
        said.lawful_basis,
        observations.order_key,
        observations.occurred_at
    from said
    inner join {{ ref('int_contact_events') }} as observations
        on said.event_id = observations.event_id

)

select * from consents
