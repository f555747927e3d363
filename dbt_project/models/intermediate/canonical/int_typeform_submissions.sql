{% set answer_fields = [
    'email', 'phone', 'first_name', 'last_name', 'company', 'job_title', 'country',
    'employees', 'budget', 'interest', 'consent_advertising', 'consent_email',
] %}

with

answers as (

    select
        answers.event_id,
        answers.answer_value,
        field_map.canonical_field,
        case
            when field_map.canonical_field is null and answers.answer_type = 'email' then 'email'
            when field_map.canonical_field is null and answers.answer_type = 'phone_number'
                then 'phone'
        end as field_by_type
    from {{ ref('stg_typeform__answers') }} as answers
    left join {{ ref('typeform_field_map') }} as field_map
        on answers.field_ref = field_map.field_ref

),

pivoted as (

    select
        event_id,
        {% for field in answer_fields %}
            coalesce(
                max(case when canonical_field = '{{ field }}' then answer_value end),
                max(case when field_by_type = '{{ field }}' then answer_value end)
            ) as {{ field }},
        {% endfor %}
        count(*) as answers
    from answers
    group by event_id

)

select * from pivoted
