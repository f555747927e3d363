{#
    The canonical fields of a contact, in order: `contact_fields` describe the person,
    `touch_fields` where the person came from. A source that lacks one leaves it null.
#}
{% macro contact_fields() -%}
    {{ return([
        'user_id', 'anonymous_id', 'external_id', 'hubspot_contact_id', 'salesforce_id',
        'stripe_customer_id', 'meta_lead_id',
        'email', 'phone', 'first_name', 'last_name', 'company', 'job_title', 'country', 'timezone',
        'street', 'city', 'state', 'postcode', 'birth_date', 'employees', 'budget', 'interest',
        'fbc', 'fbp', 'client_ip_address', 'client_user_agent',
    ]) }}
{%- endmacro %}

{% macro touch_fields() -%}
    {{ return([
        'utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content', 'campaign_id',
        'gclid', 'fbclid', 'page_url', 'referrer',
    ]) }}
{%- endmacro %}


{#
    Every canonical field as a column: the given SQL where there is one, else null. Ids and campaign
    fields lose placeholders, which would make one person of everybody whose link was not filled in.
#}
{% macro contact_columns(given) -%}
    {%- for field in contact_fields() + touch_fields() %}
        {%- set value = given.get(field, 'cast(null as ' ~ dbt.type_string() ~ ')') %}
        {%- set filled_by_links =
            field in ('user_id', 'anonymous_id', 'external_id', 'campaign_id')
            or field.startswith('utm_') %}
        {{ without_placeholder(value) if filled_by_links and field in given else value }} as {{ field }}
        {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{# Null for a value that stands for none: see placeholder_values in dbt_project.yml. #}
{% macro without_placeholder(value) -%}
    case
        when lower(trim({{ value }})) not in (
            {%- for placeholder in var('placeholder_values') -%}
                '{{ placeholder }}'{{ ', ' if not loop.last }}
            {%- endfor -%}
        ) then {{ value }}
    end
{%- endmacro %}
