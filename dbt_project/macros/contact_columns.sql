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
        'fbc', 'fbp', 'ga_client_id', 'client_ip_address', 'client_user_agent',
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
    fields lose placeholders, unless staging took them out (`are_clean`).
#}
{% macro contact_columns(given, are_clean=false) -%}
    {%- for field in contact_fields() + touch_fields() %}
        {%- set value = given.get(field, 'cast(null as ' ~ dbt.type_string() ~ ')') %}
        {%- set needs_cleaning = field in given and field in filled_by_links() and not are_clean %}
        {{ without_placeholder(value) if needs_cleaning else value }} as {{ field }}
        {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{#
    Fields that links and tags fill in: a placeholder that was not filled in would make one person
    of everybody who has it.
#}
{% macro filled_by_links() -%}
    {{ return([
        'user_id', 'anonymous_id', 'external_id', 'campaign_id', 'ga_client_id',
        'utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content',
    ]) }}
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
