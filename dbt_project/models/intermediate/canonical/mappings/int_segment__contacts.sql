{% set company_name = "case when substr(company_given, 1, 1) = '{' then "
    ~ json_text('company_given', '$.name') ~ ' else company_given end' %}
{% set company_size = "case when substr(company_given, 1, 1) = '{' then "
    ~ json_text('company_given', '$.employee_count') ~ ' end' %}
{% set given = {
    'first_name': 'coalesce(first_name, ' ~ first_of_name('name') ~ ')',
    'last_name': 'coalesce(last_name, ' ~ last_of_name('name') ~ ')',
    'company': company_name,
    'employees': company_size,
} %}
{% for field in [
    'user_id', 'anonymous_id', 'email', 'phone', 'job_title', 'country', 'timezone', 'street',
    'city', 'state', 'postcode', 'birth_date', 'client_ip_address', 'client_user_agent',
    'utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content', 'campaign_id',
    'page_url', 'referrer',
] %}
    {% do given.update({field: field}) %}
{% endfor %}

with

calls as (

    select * from {{ ref('stg_segment__calls') }}

),

contacts as (

    select
        {{ event_columns() }},
        occurred_at,
        cast(null as {{ dbt.type_string() }}) as record_id,
        {{ contact_columns(given) }}
    from calls

)

select * from contacts
