{% set every_value_seen = [
    'user_id', 'anonymous_id', 'hubspot_contact_id', 'salesforce_id', 'email_normalised',
] %}

with

statements as (

    select * from {{ ref('int_contact_statements') }}

),

records as (

    select
        record_id,
        phone,
        company_domain,
        lower(first_name) as first_name_normalised,
        lower(last_name) as last_name_normalised,
        lower(substr(first_name, 1, 1)) as first_initial
    from {{ ref('int_contact_records') }}

),

merged_contacts as (

    select
        event_id,
        portal_id,
        surviving_contact_id,
        primary_contact_id,
        {{ json_items('merged_contact_ids', '$') }} as merged_contact_id
    from {{ ref('stg_hubspot__contact_merges') }}

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
    from {{ ref('stg_hubspot__contact_merges') }}

),

answers as (

    select
        records.record_id,
        answers.contact_id
    from {{ ref('stg_millrace__answers') }} as answers
    inner join {{ ref('int_applied_events') }} as applied on answers.event_id = applied.event_id
    inner join records on answers.person_id = {{ person_id_of('records.record_id') }}
    where answers.destination = 'hubspot'

),

fields as (

    select
        record_id,
        'record_id' as field,
        record_id as field_value
    from records
    {% for field in every_value_seen %}
        union
        select
            record_id,
            '{{ field }}' as field,
            {{ field }} as field_value
        from statements
    {% endfor %}
    {% for field in [
        'phone', 'company_domain', 'first_name_normalised', 'last_name_normalised', 'first_initial'
    ] %}
        union
        select
            record_id,
            '{{ field }}' as field,
            {{ field }} as field_value
        from records
    {% endfor %}
    union
    select
        merge_members.record_id,
        'hubspot_contact_id' as field,
        merge_members.contact_id as field_value
    from merge_members
    inner join {{ ref('int_applied_events') }} as applied
        on merge_members.event_id = applied.event_id
    union
    select
        record_id,
        'hubspot_contact_id' as field,
        contact_id as field_value
    from answers

)

select * from fields
where field_value is not null
