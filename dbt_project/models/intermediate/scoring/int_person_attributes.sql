{% set fields = ['job_title', 'company_domain', 'country', 'employees', 'budget', 'interest'] %}

with

statements as (

    select
        record_people.person_id,
        statements.*
    from {{ ref('int_contact_statements') }} as statements
    inner join {{ ref('int_record_people') }} as record_people
        on statements.record_id = record_people.record_id

),

golden as (

    select * from {{ ref('int_golden_records') }}

),

attributes as (

    {% for field in fields %}
        select
            golden.person_id,
            '{{ field }}' as field,
            golden.{{ field }} as field_value,
            {{ earliest('statements.first_event_id', 'statements.first_order_key') }} as event_id,
            min(statements.first_order_key) as order_key,
            min(statements.first_occurred_at) as occurred_at
        from golden
        inner join statements
            on
                golden.person_id = statements.person_id
                and golden.{{ field }} = statements.{{ field }}
        group by golden.person_id, golden.{{ field }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select * from attributes
