{% set data = [
    'user_id', 'anonymous_id', 'external_id', 'opportunity_id', 'email', 'phone', 'first_name',
    'last_name', 'company', 'job_title', 'country', 'timezone', 'street', 'city', 'state',
    'postcode', 'birth_date', 'employees', 'budget', 'interest', 'campaign_id', 'utm_source',
    'utm_medium', 'utm_campaign', 'utm_term', 'utm_content', 'gclid', 'fbclid', 'fbc', 'fbp',
    'ga_client_id', 'client_ip_address', 'client_user_agent', 'page_url', 'referrer', 'purpose',
    'channel', 'status', 'lawful_basis', 'stage', 'outcome', 'amount', 'currency', 'occurred',
    'pixel_event_id',
] %}
{% set in_lower_case = [
    'utm_source', 'utm_medium', 'purpose', 'channel', 'status', 'stage', 'outcome',
] %}

with

source as (

    select
        *,
        {{ json_record('body', {'timestamp': none, 'data': data}) }} as told
    from {{ ref('base_raw__events') }}
    where
        -- Every sender that speaks this vocabulary, whatever its name.
        contract like 'standard/%'
        and event_type in (
            'page_view', 'form_submit', 'email_open', 'email_click', 'webinar_attend',
            'meeting_booked', 'ad_lead', 'contact_updated', 'consent_changed',
            'opportunity_changed', 'email_bounced', 'email_unsubscribed', 'meeting_outcome',
            'subscription_started', 'subscription_cancelled', 'payment_succeeded',
            'payment_failed'
        )
        and body is not null

),

renamed as (

    select
        {{ event_columns() }},

        {% for member in data %}
            {% set text = text_of('told.data.' ~ member) %}
            {% if member in in_lower_case %}
                {% set text = 'lower(' ~ text ~ ')' %}
            {% elif member == 'currency' %}
                {% set text = 'upper(' ~ text ~ ')' %}
            {% endif %}
            {% set text = without_placeholder(text) if member in filled_by_links() else text %}
            {{ text }} as {{ member }},
        {% endfor %}

        {{ timestamp_from_iso(text_of('told.timestamp')) }} as occurred_at
    from source

)

select * from renamed
