with

statements as (

    select
        record_people.person_id,
        statements.*
    from {{ ref('int_contact_statements') }} as statements
    inner join {{ ref('int_record_people') }} as record_people
        on statements.record_id = record_people.record_id

),

by_source as (

    select
        person_id,
        source,
        {% for field in golden_fields() %}
            {{ latest(field, 'last_order_key') }} as latest_{{ field }},
            max(case when {{ field }} is not null then last_order_key end)
                as latest_{{ field }}_key,
            {{ earliest(field, 'first_order_key') }} as earliest_{{ field }},
            min(case when {{ field }} is not null then first_order_key end)
                as earliest_{{ field }}_key,
        {% endfor %}
        min(first_occurred_at) as first_seen_at,
        max(last_occurred_at) as last_seen_at,
        max(last_order_key) as order_key
    from statements
    group by person_id, source

)

select * from by_source
