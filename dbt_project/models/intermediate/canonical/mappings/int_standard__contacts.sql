{% set not_told = ['hubspot_contact_id', 'salesforce_id', 'stripe_customer_id', 'meta_lead_id'] %}
{% set given = {} %}
{% for field in contact_fields() + touch_fields() if field not in not_told %}
    {% do given.update({field: field}) %}
{% endfor %}

with

events as (

    select * from {{ ref('stg_standard__events') }}

),

contacts as (

    select
        {{ event_columns() }},
        occurred_at,
        cast(null as {{ dbt.type_string() }}) as record_id,
        {{ contact_columns(given, are_clean=true) }}
    from events
    where
        event_type <> 'opportunity_changed'
        or coalesce(user_id, anonymous_id, external_id, email, phone) is not null

)

select * from contacts
