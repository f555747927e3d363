{% set given = {
    'meta_lead_id': 'leads.lead_id',
    'campaign_id': 'leads.campaign_id',
    'first_name': 'coalesce(answers.first_name, ' ~ first_of_name('answers.full_name') ~ ')',
    'last_name': 'coalesce(answers.last_name, ' ~ last_of_name('answers.full_name') ~ ')',
    'utm_source': "'facebook'",
    'utm_medium': "case when leads.is_organic then 'social' else 'paid_social' end",
} %}
{% for field in [
    'email', 'phone', 'company', 'job_title', 'country', 'street', 'city', 'state', 'postcode',
    'birth_date', 'employees', 'budget', 'interest',
] %}
    {% do given.update({field: 'answers.' ~ field}) %}
{% endfor %}

with

leads as (

    select * from {{ ref('stg_meta__leads') }}

),

answers as (

    select * from {{ ref('int_meta_lead_answers') }}

),

contacts as (

    select
        {{ event_columns('leads') }},
        leads.occurred_at,
        'meta:' || leads.lead_id as record_id,
        {{ contact_columns(given) }}
    from leads
    left join answers on leads.event_id = answers.event_id

)

select * from contacts
