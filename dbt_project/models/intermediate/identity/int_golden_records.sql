{% set latest_fields = [
    'email', 'email_normalised', 'phone', 'first_name', 'last_name', 'company', 'company_domain',
    'job_title', 'country', 'employees', 'budget', 'interest',
    'fbc', 'fbp', 'client_ip_address', 'client_user_agent',
] %}

with

observations as (

    select
        record_people.person_id,
        observations.*
    from {{ ref('int_contact_observations') }} as observations
    inner join {{ ref('int_record_people') }} as record_people
        on observations.record_id = record_people.record_id

),

folded as (

    select
        person_id,
        {% for field in latest_fields %}
            {{ latest(field) }} as {{ field }},
        {% endfor %}
        {{ earliest('utm_source') }} as original_source,
        {{ earliest('utm_campaign') }} as original_campaign,
        {{ latest('utm_source') }} as latest_source,
        {{ latest('correlation_id') }} as correlation_id,
        min(occurred_at) as first_seen_at,
        max(occurred_at) as last_seen_at,
        max(order_key) as order_key
    from observations
    group by person_id

)

select * from folded
