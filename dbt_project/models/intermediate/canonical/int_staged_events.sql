{{ config(materialized='view') }}

with

staged as (

    {% for model in var('staged_models') %}
        select
            {{ event_columns() }},
            {{ vendor_id_of('event_id', 'source') }} as vendor_id,
            occurred_at
        from {{ ref(model) }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select * from staged
