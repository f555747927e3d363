{{ config(materialized='view') }}

with

typed as (

    {{ union_mappings('activities', 'position, activity_type, outcome, amount_given, currency') }}

),

contact_events as (

    select * from {{ ref('int_contact_events') }}

),

activities as (

    select
        contact_events.event_id as activity_id,
        contact_events.record_id,
        typed.activity_type,
        {% for field in touch_fields() %}
            contact_events.{{ field }},
        {% endfor %}
        typed.outcome,
        {{ try_to('typed.amount_given', 'decimal(18, 2)') }} as amount,
        typed.currency,
        {{ order_key_in('contact_events') }} as order_key,
        contact_events.occurred_at
    from contact_events
    inner join typed on contact_events.position = typed.position

)

select * from activities
