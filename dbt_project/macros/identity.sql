{# The fields that a match rule can name: those of int_identity_fields. #}
{% macro identity_field_names() -%}
    {{ return([
        'record_id', 'user_id', 'anonymous_id', 'external_id', 'hubspot_contact_id',
        'salesforce_id', 'stripe_customer_id', 'meta_lead_id', 'email_normalised', 'phone',
        'birth_date', 'first_name_normalised', 'first_initial', 'given_name', 'given_name_sound',
        'leading_name_sound', 'last_name_normalised', 'last_name_sound', 'full_name_sound',
        'company_normalised', 'company_domain', 'street_normalised', 'city_normalised',
        'state_normalised', 'postcode_normalised',
    ]) }}
{%- endmacro %}


{# How many fields a match rule can have. #}
{% macro longest_match_rule() -%}
    {{ return(5) }}
{%- endmacro %}


{# The fields of the golden record that are chosen by field_precedence. #}
{% macro golden_fields() -%}
    {{ return([
        'email', 'email_normalised', 'phone', 'first_name', 'last_name', 'company',
        'company_domain', 'job_title', 'country', 'timezone', 'street', 'city', 'state',
        'postcode', 'birth_date', 'employees', 'budget', 'interest', 'fbc', 'fbp',
        'ga_client_id', 'client_ip_address', 'client_user_agent',
    ]) }}
{%- endmacro %}


{# The field whose precedence decides: a mailbox goes with the address it was read from. #}
{% macro precedence_of(field) -%}
    {{ return('email' if field == 'email_normalised' else field) }}
{%- endmacro %}


{# Text that sorts by rank first, 1 last of all, then by another key. #}
{% macro precedence_key(rank, order_key) -%}
    cast(20000 - coalesce({{ rank }}, 9999) as {{ dbt.type_string() }}) || {{ order_key }}
{%- endmacro %}
