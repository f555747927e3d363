{# The canonical fields of a contact, in order. A source that lacks one leaves it null. #}
{% macro contact_fields() -%}
    {{ return([
        'user_id', 'anonymous_id', 'hubspot_contact_id',
        'email', 'phone', 'first_name', 'last_name', 'company', 'job_title', 'country',
        'employees', 'budget', 'interest',
        'utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content',
        'gclid', 'fbclid', 'fbc', 'fbp', 'client_ip_address', 'client_user_agent',
        'page_url', 'referrer',
    ]) }}
{%- endmacro %}


{# Every canonical field as a column: the given SQL where there is one, else null. #}
{% macro contact_columns(given) -%}
    {%- for field in contact_fields() %}
        {{ given.get(field, 'cast(null as ' ~ dbt.type_string() ~ ')') }} as {{ field }}
        {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
