{% set fields = [
    'user_id', 'anonymous_id', 'hubspot_contact_id', 'email', 'email_normalised', 'phone',
    'first_name', 'last_name', 'company', 'company_domain', 'job_title', 'country', 'street',
    'city', 'state', 'postcode', 'birth_date', 'employees', 'budget', 'interest',
] %}

with

statements as (

    select * from {{ ref('int_contact_statements') }}

),

folded as (

    select
        record_id,
        {% for field in fields %}
            {{ latest(field, 'last_order_key') }} as {{ field }},
        {% endfor %}
        sum(events) as observations,
        min(first_occurred_at) as first_occurred_at,
        max(last_occurred_at) as last_occurred_at
    from statements
    group by record_id

)

select * from folded
