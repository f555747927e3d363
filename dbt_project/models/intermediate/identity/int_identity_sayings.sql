{% set ids = [
    'user_id', 'anonymous_id', 'hubspot_contact_id', 'stripe_customer_id', 'meta_lead_id',
] %}
{% set texts = [
    'salesforce_id', 'first_name', 'last_name', 'company', 'street', 'city', 'state', 'postcode',
] %}
{% set normalised = ['email_normalised', 'phone', 'birth_date', 'company_domain'] %}

with

statements as (

    select * from {{ ref('int_contact_statements') }}
    where {{ is_own_word('source') }}

),

-- An id of the sender's own says nothing about another sender's.
external_ids as (

    select
        record_id,
        'external_id' as field,
        source || ':' || external_id as value_given,
        min(first_occurred_at) as first_told_at
    from statements
    where external_id is not null
    group by record_id, source, external_id

),

sayings as (

    {% for field in ids + texts + normalised %}
        select
            record_id,
            '{{ field }}' as field,
            {{ field }} as value_given,
            min(first_occurred_at) as first_told_at
        from statements
        where {{ field }} is not null
        group by record_id, {{ field }}
        union all
    {% endfor %}
    select * from external_ids

)

select * from sayings
