{% set references = ['email', 'user_id', 'person_id', 'record_id'] %}
{% set data = references + [
    'other_email', 'other_user_id', 'other_person_id', 'other_record_id', 'reason', 'by',
] %}

with

source as (

    select
        *,
        {{ json_record('body', {'timestamp': none, 'data': data}) }} as told
    from {{ ref('base_raw__events') }}
    where
        contract like 'standard/%'
        and event_type in ('identity_linked', 'identity_unlinked')
        and body is not null

),

renamed as (

    select
        {{ event_columns() }},

        {% for member in references %}
            {{ text_of('told.data.' ~ member) }} as {{ member }},
            {{ text_of('told.data.other_' ~ member) }} as other_{{ member }},
        {% endfor %}
        {{ text_of('told.data.reason') }} as reason,
        {{ text_of('told.data.by') }} as decided_by,

        {{ timestamp_from_iso(text_of('told.timestamp')) }} as occurred_at
    from source

)

select * from renamed
