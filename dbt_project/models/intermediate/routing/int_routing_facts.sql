{{ config(materialized='view') }}

{% set fields = [
    'country', 'company_domain', 'employees', 'budget', 'interest', 'job_title',
    'original_source', 'original_campaign', 'latest_source',
] %}

with

people as (

    select
        requests.assignment_id,
        golden.*
    from {{ ref('int_routing_requests') }} as requests
    inner join {{ ref('int_golden_records') }} as golden on requests.person_id = golden.person_id

),

facts as (

    {% for field in fields %}
        select
            assignment_id,
            '{{ field }}' as field,
            {{ field }} as field_value
        from people
        where {{ field }} is not null
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select * from facts
