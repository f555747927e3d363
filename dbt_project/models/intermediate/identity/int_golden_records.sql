{% set latest_fields = [
    'email', 'email_normalised', 'phone', 'first_name', 'last_name', 'company', 'company_domain',
    'job_title', 'country', 'timezone', 'employees', 'budget', 'interest',
    'fbc', 'fbp', 'client_ip_address', 'client_user_agent',
] %}

with

record_people as (

    select * from {{ ref('int_record_people') }}

),

statements as (

    select
        record_people.person_id,
        statements.*
    from {{ ref('int_contact_statements') }} as statements
    inner join record_people on statements.record_id = record_people.record_id

),

origins as (

    select
        record_people.person_id,
        {{ earliest('origins.original_source', 'origins.original_order_key') }} as original_source,
        {{ earliest('origins.original_campaign', 'origins.campaign_order_key') }}
            as original_campaign,
        {{ latest('origins.latest_source', 'origins.latest_order_key') }} as latest_source,
        {{ latest('origins.correlation_id', 'origins.order_key') }} as correlation_id
    from {{ ref('int_record_origins') }} as origins
    inner join record_people on origins.record_id = record_people.record_id
    group by record_people.person_id

),

folded as (

    select
        person_id,
        {% for field in latest_fields %}
            {{ latest(field, 'last_order_key') }} as {{ field }},
        {% endfor %}
        min(first_occurred_at) as first_seen_at,
        max(last_occurred_at) as last_seen_at,
        max(last_order_key) as order_key
    from statements
    group by person_id

),

golden as (

    select
        folded.*,
        origins.original_source,
        origins.original_campaign,
        origins.latest_source,
        origins.correlation_id
    from folded
    inner join origins on folded.person_id = origins.person_id

)

select * from golden
