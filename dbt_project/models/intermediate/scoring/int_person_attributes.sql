{% set fields = ['job_title', 'company_domain', 'country', 'employees', 'budget', 'interest'] %}

with

observations as (

    select
        record_people.person_id,
        observations.*
    from {{ ref('int_contact_observations') }} as observations
    inner join {{ ref('int_record_people') }} as record_people
        on observations.record_id = record_people.record_id

),

golden as (

    select * from {{ ref('int_golden_records') }}

),

first_told as (

    {% for field in fields %}
        select
            golden.person_id,
            '{{ field }}' as field,
            golden.{{ field }} as field_value,
            min(observations.order_key) as order_key
        from golden
        inner join observations
            on
                golden.person_id = observations.person_id
                and golden.{{ field }} = observations.{{ field }}
        group by golden.person_id, golden.{{ field }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

attributes as (

    select
        first_told.person_id,
        first_told.field,
        first_told.field_value,
        observations.event_id,
        observations.order_key,
        observations.occurred_at
    from first_told
    inner join observations
        on
            first_told.person_id = observations.person_id
            and first_told.order_key = observations.order_key

)

select * from attributes
