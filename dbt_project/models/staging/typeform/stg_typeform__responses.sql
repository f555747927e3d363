{% set hidden = [
    'user_id', 'anonymous_id', 'source', 'origin', 'campaign_id', 'utm_source', 'utm_medium',
    'utm_campaign', 'utm_term', 'utm_content', 'gclid', 'fbclid', 'fbc', 'fbp',
    'ga_client_id', 'client_ip_address', 'client_user_agent', 'page_url', 'referrer',
    'pixel_event_id',
] %}
{% set told = 'told.form_response' %}

with

source as (

    select
        *,
        {{ json_record('body', {
            'form_response': {
                'token': none, 'form_id': none, 'submitted_at': none, 'hidden': hidden,
            },
        }) }} as told
    from {{ ref('base_raw__events') }}
    where source = 'typeform' and event_type = 'form_response' and body is not null

),

renamed as (

    select
        {{ event_columns() }},
        {{ text_of(told ~ '.token') }} as response_token,
        {{ text_of(told ~ '.form_id') }} as form_id,

        lower(coalesce(
            {{ text_of(told ~ '.hidden.utm_source') }},
            {{ text_of(told ~ '.hidden.source') }},
            {{ text_of(told ~ '.hidden.origin') }}
        )) as utm_source,
        lower({{ text_of(told ~ '.hidden.utm_medium') }}) as utm_medium,
        {% for member in hidden if member not in ('source', 'origin', 'utm_source', 'utm_medium') %}
            {{ text_of(told ~ '.hidden.' ~ member) }} as {{ member }},
        {% endfor %}

        {{ timestamp_from_iso(text_of(told ~ '.submitted_at')) }} as occurred_at
    from source

)

select * from renamed
