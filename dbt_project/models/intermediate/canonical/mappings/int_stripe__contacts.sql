{% set whom = {
    'stripe_customer_id': 'customer_id',
    'email': 'email',
    'phone': 'phone',
    'first_name': first_of_name('name'),
    'last_name': last_of_name('name'),
} %}
{% set payer = {'user_id': 'client_reference_id'} %}
{% do payer.update(whom) %}

with

customers as (

    select * from {{ ref('stg_stripe__customers') }}

),

payments as (

    select * from {{ ref('stg_stripe__payments') }}

),

subscriptions as (

    select * from {{ ref('stg_stripe__subscriptions') }}

),

contacts as (

    select
        {{ event_columns() }},
        occurred_at,
        'stripe:' || customer_id as record_id,
        {{ contact_columns(whom) }}
    from customers
    union all
    select
        {{ event_columns() }},
        occurred_at,
        'stripe:' || customer_id as record_id,
        {{ contact_columns(payer) }}
    from payments
    union all
    select
        {{ event_columns() }},
        occurred_at,
        'stripe:' || customer_id as record_id,
        {{ contact_columns({'stripe_customer_id': 'customer_id'}) }}
    from subscriptions

)

select * from contacts
