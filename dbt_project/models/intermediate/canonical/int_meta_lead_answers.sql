{% set answer_fields = [
    'email', 'phone', 'full_name', 'first_name', 'last_name', 'company', 'job_title', 'country',
    'street', 'city', 'state', 'postcode', 'birth_date', 'employees', 'budget', 'interest',
] %}

with

answers as (

    select
        answers.event_id,
        answers.answer_value,
        field_map.canonical_field,
        answers.question || ' ' || answers.answer_value as preference
    from {{ ref('stg_meta__lead_answers') }} as answers
    inner join {{ ref('meta_lead_field_map') }} as field_map
        on answers.question = field_map.question

),

pivoted as (

    select
        event_id,
        {% for field in answer_fields %}
            {{ earliest(
                "case when canonical_field = '" ~ field ~ "' then answer_value end", 'preference'
            ) }} as {{ field }},
        {% endfor %}
        count(*) as answers
    from answers
    group by event_id

)

select * from pivoted
