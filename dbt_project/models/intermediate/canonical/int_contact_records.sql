{% set fields = [
    'user_id', 'anonymous_id', 'hubspot_contact_id', 'email', 'email_normalised', 'phone',
    'first_name', 'last_name', 'company', 'company_domain', 'job_title', 'country',
    'employees', 'budget', 'interest',
] %}

with

observations as (

    select * from {{ ref('int_contact_observations') }}

),

folded as (

    select
        record_id,
        {% for field in fields %}
            {{ latest(field) }} as {{ field }},
        {% endfor %}
        count(*) as observations,
        min(occurred_at) as first_occurred_at,
        max(occurred_at) as last_occurred_at
    from observations
    group by record_id

)

select * from folded
