with

records as (

    select * from {{ ref('int_contact_records') }}

),

sayings as (

    select * from {{ ref('int_identity_sayings') }}

),

identity_values as (

    select * from {{ ref('int_identity_values') }}

),

-- Two sayings may come to one value.
often_told as (

    select
        record_id,
        'hubspot_contact_id' as field,
        value_given as field_value,
        first_told_at
    from sayings
    where field = 'hubspot_contact_id'
    union all
    select
        record_id,
        'hubspot_contact_id' as field,
        hubspot_contact_id as field_value,
        first_told_at
    from {{ ref('int_identity_contact_ids') }}
    union all
    select
        sayings.record_id,
        case
            when sayings.field = 'salesforce_id' then 'salesforce_id'
            else sayings.field || '_normalised'
        end as field,
        identity_values.normalised_value as field_value,
        sayings.first_told_at
    from sayings
    inner join identity_values
        on
            sayings.field = identity_values.field
            and sayings.value_given = identity_values.value_given
    where sayings.field not in ('first_name', 'last_name')

),

told_once as (

    select
        record_id,
        field,
        field_value,
        min(first_told_at) as first_told_at
    from often_told
    group by record_id, field, field_value

),

fields as (

    select
        record_id,
        'record_id' as field,
        record_id as field_value,
        first_occurred_at as first_told_at
    from records
    union all
    select
        record_id,
        field,
        value_given as field_value,
        first_told_at
    from sayings
    where
        field in (
            'user_id', 'anonymous_id', 'external_id', 'stripe_customer_id', 'meta_lead_id',
            'email_normalised', 'phone', 'birth_date', 'company_domain'
        )
    union all
    select
        record_id,
        field,
        field_value,
        first_told_at
    from {{ ref('int_identity_names') }}
    union all
    select * from told_once

)

select * from fields
