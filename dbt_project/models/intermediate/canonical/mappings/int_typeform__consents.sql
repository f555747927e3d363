with

submissions as (

    select
        responses.position,
        submissions.consent_advertising,
        submissions.consent_email
    from {{ ref('int_typeform_submissions') }} as submissions
    inner join {{ ref('stg_typeform__responses') }} as responses
        on submissions.event_id = responses.event_id

),

form_answers as (

    {% for form_field in ['consent_advertising', 'consent_email'] %}
        select
            position,
            '{{ form_field }}' as form_field,
            {{ form_field }} as answer
        from submissions
        where {{ form_field }} is not null
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

statements as (

    select
        form_answers.position,
        purposes.purpose,
        purposes.channel,
        registry.canonical_value as status,
        'consent' as lawful_basis
    from form_answers
    inner join {{ ref('consent_purposes') }} as purposes
        on form_answers.form_field = purposes.form_field
    inner join {{ ref('enum_registry') }} as registry
        on registry.picklist = 'consent_answer' and lower(form_answers.answer) = registry.value

)

select * from statements
