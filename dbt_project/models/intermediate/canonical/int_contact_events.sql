with

candidates as (

    select * from {{ ref('int_contact_candidates') }}

),

refused as (

    select * from {{ ref('int_refused_events') }}

),

contact_events as (

    select
        candidates.event_id,
        candidates.position,
        candidates.record_id,
        candidates.source,
        candidates.event_type,
        {% for field in touch_fields() %}
            candidates.{{ field }},
        {% endfor %}
        candidates.is_historical,
        candidates.occurred_at
    from candidates
    left join refused on candidates.position = refused.position
    where refused.position is null

)

select * from contact_events
