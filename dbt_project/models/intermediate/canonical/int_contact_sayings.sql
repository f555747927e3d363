{% set fields = contact_fields() | reject('equalto', 'email') | list %}

with

candidates as (

    select
        *,
        {{ order_key_in('contacts') }} as order_key
    from {{ ref('int_contact_candidates') }} as contacts

),

refused as (

    select * from {{ ref('int_refused_events') }}

),

-- Most events repeat what is known already: each combination of values stands here once.
sayings as (

    select
        candidates.record_id,
        candidates.source,
        candidates.email_given,
        {% for field in fields %}
            candidates.{{ field }},
        {% endfor %}
        {{ earliest('candidates.event_id', 'candidates.order_key') }} as first_event_id,
        {{ latest('candidates.event_id', 'candidates.order_key') }} as last_event_id,
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
        candidates.email_given,
        candidates.record_id,
        candidates.source

),

with_emails as (

    select
        sayings.record_id,
        sayings.source,
        emails.email,
        emails.email_normalised,
        emails.company_domain,
        {% for field in fields %}
            sayings.{{ field }},
        {% endfor %}
        sayings.first_event_id,
        sayings.last_event_id,
        sayings.first_order_key,
        sayings.last_order_key,
        sayings.first_occurred_at,
        sayings.last_occurred_at,
        sayings.events
    from sayings
    left join {{ ref('int_emails') }} as emails on sayings.email_given = emails.email_given

)

select * from with_emails
