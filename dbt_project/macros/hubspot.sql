{# The canonical fields of a contact that properties of HubSpot may mean: see hubspot_property_map. #}
{% macro hubspot_contact_fields() -%}
    {{ return([
        'email', 'phone', 'first_name', 'last_name', 'company', 'job_title', 'country', 'timezone',
        'street', 'city', 'state', 'postcode', 'birth_date', 'employees', 'salesforce_id',
    ]) }}
{%- endmacro %}


{# The same of a company, and of a deal. #}
{% macro hubspot_company_fields() -%}
    {{ return([
        'domain', 'name', 'industry', 'employees', 'revenue', 'country', 'parent', 'owner',
    ]) }}
{%- endmacro %}

{% macro hubspot_deal_fields() -%}
    {{ return(['name', 'stage', 'amount', 'currency', 'closed_at']) }}
{%- endmacro %}
