{% set fields = contact_fields() + ['email_normalised', 'company_domain'] %}

with

candidates as (

    select
        *,
        {{ order_key() }} as order_key
    from {{ ref('int_contact_candidates') }}

),

refused as (

    select * from {{ ref('int_refused_events') }}

),

-- Most events repeat what is known already: each combination of values stands here once.
sayings as (

    select
        candidates.record_id,
        candidates.source,
        {% for field in fields %}
            candidates.{{ field }},
        {% endfor %}
        {{ earliest('candidates.event_id', 'candidates.order_key') }} as first_event_id,
        min(candidates.order_key) as first_order_key,
        max(candidates.order_key) as last_order_key,
        min(candidates.occurred_at) as first_occurred_at,
        max(candidates.occurred_at) as last_occurred_at,
        count(*) as events
    from candidates
    left join refused on candidates.position = refused.position
    where refused.position is null
    group by
        {% for field in fields %}
            candidates.{{ field }},
        {% endfor %}
        candidates.record_id,
        candidates.source

)

select * from sayings
