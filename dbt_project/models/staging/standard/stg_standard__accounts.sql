{% set data = [
    'account_id', 'domain', 'name', 'industry', 'employees', 'annual_revenue', 'country', 'parent',
    'owner',
] %}

with

source as (

    select
        *,
        {{ json_record('body', {'timestamp': none, 'data': data}) }} as told
    from {{ ref('base_raw__events') }}
    where
        contract like 'standard/%'
        and event_type = 'account_updated'
        and body is not null

),

renamed as (

    select
        {{ event_columns() }},

        {% for member in data %}
            {{ text_of('told.data.' ~ member) }} as {{ member }},
        {% endfor %}

        {{ timestamp_from_iso(text_of('told.timestamp')) }} as occurred_at
    from source

)

select * from renamed
