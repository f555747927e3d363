with

statements as (

    select
        record_people.person_id,
        statements.*
    from {{ ref('int_contact_statements') }} as statements
    inner join {{ ref('int_record_people') }} as record_people
        on statements.record_id = record_people.record_id

),

-- When a combination of values was said first and last: one that came back counts from its end.
sayings as (

    select
        person_id,
        source,
        {% for field in score_attributes() %}
            {{ field }},
        {% endfor %}
        first_event_id as event_id,
        first_order_key as order_key,
        first_occurred_at as occurred_at
    from statements
    union all
    select
        person_id,
        source,
        {% for field in score_attributes() %}
            {{ field }},
        {% endfor %}
        last_event_id as event_id,
        last_order_key as order_key,
        last_occurred_at as occurred_at
    from statements
    where last_order_key <> first_order_key

),

told as (

    {% for field in score_attributes() %}
        select
            person_id,
            '{{ field }}' as field,
            {{ field }} as field_value,
            source,
            event_id,
            order_key,
            occurred_at
        from sayings
        where {{ field }} is not null
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

-- What a vendor says counts until somebody says so themselves, and not after.
heard as (

    select
        *,
        min(case when {{ is_own_word('source') }} then order_key end)
            over (partition by person_id, field) as own_word_key
    from told

),

believed as (

    select
        person_id,
        field,
        field_value,
        event_id,
        order_key,
        occurred_at
    from heard
    where {{ is_own_word('source') }} or own_word_key is null or order_key < own_word_key

),

absence_rules as (

    select distinct field
    from {{ ref('int_score_rules') }}
    where operator = 'absent'

),

firsts as (

    select
        person_id,
        {{ earliest('first_event_id', 'first_order_key') }} as event_id,
        min(first_order_key) as order_key,
        min(first_occurred_at) as occurred_at
    from statements
    group by person_id

),

-- A field that some rule wants to be absent is so from the person's first event on.
known as (

    select * from believed
    union all
    select
        firsts.person_id,
        absence_rules.field,
        cast(null as {{ dbt.type_string() }}) as field_value,
        firsts.event_id,
        firsts.order_key,
        firsts.occurred_at
    from firsts
    cross join absence_rules

),

compared as (

    select
        *,
        lag(field_value) over (
            partition by person_id, field
            order by order_key, case when field_value is null then 0 else 1 end
        ) as value_before
    from known

),

-- Null before is the first value, or the first after an absence.
periods as (

    select
        person_id,
        field,
        field_value,
        event_id,
        order_key,
        occurred_at,
        lead(event_id) over (
            partition by person_id, field
            order by order_key, case when field_value is null then 0 else 1 end
        ) as next_event_id,
        lead(order_key) over (
            partition by person_id, field
            order by order_key, case when field_value is null then 0 else 1 end
        ) as next_order_key,
        lead(occurred_at) over (
            partition by person_id, field
            order by order_key, case when field_value is null then 0 else 1 end
        ) as next_occurred_at
    from compared
    where value_before is null or field_value <> value_before

)

select * from periods
