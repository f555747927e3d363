{# The functions of dbt_project/functions, as this engine calls them. #}

{# The mailbox behind an e-mail address; null when invalid. #}
{% macro normalise_email(text) -%}
    {{ adapter.dispatch('normalise_email', 'millrace')(text) }}
{%- endmacro %}

{% macro duckdb__normalise_email(text) -%}
    normalise_email({{ text }})
{%- endmacro %}

{% macro spark__normalise_email(text) -%}
    normalise_email({{ text }})
{%- endmacro %}


{# An e-mail address as a person would write it, trimmed and lower case; null when invalid. #}
{% macro display_email(text) -%}
    {{ adapter.dispatch('display_email', 'millrace')(text) }}
{%- endmacro %}

{% macro duckdb__display_email(text) -%}
    display_email({{ text }})
{%- endmacro %}

{% macro spark__display_email(text) -%}
    display_email({{ text }})
{%- endmacro %}


{# E.164; the country (ISO alpha-2 or null) reads national numbers; null when invalid. #}
{% macro normalise_phone(text, country) -%}
    {{ adapter.dispatch('normalise_phone', 'millrace')(text, country) }}
{%- endmacro %}

{% macro duckdb__normalise_phone(text, country) -%}
    normalise_phone({{ text }}, coalesce({{ country }}, ''))
{%- endmacro %}

{% macro spark__normalise_phone(text, country) -%}
    normalise_phone({{ text }}, coalesce({{ country }}, ''))
{%- endmacro %}


{# The domain someone registered, of an e-mail address or host name. #}
{% macro registrable_domain(text) -%}
    {{ adapter.dispatch('registrable_domain', 'millrace')(text) }}
{%- endmacro %}

{% macro duckdb__registrable_domain(text) -%}
    registrable_domain({{ text }})
{%- endmacro %}

{% macro spark__registrable_domain(text) -%}
    registrable_domain({{ text }})
{%- endmacro %}


{# SHA-256 of a value normalised by Meta's rule for the field (em, ph, fn, ln, ct, zp, country). #}
{% macro meta_hash(field, text) -%}
    {{ adapter.dispatch('meta_hash', 'millrace')(field, text) }}
{%- endmacro %}

{% macro duckdb__meta_hash(field, text) -%}
    meta_hash('{{ field }}', {{ text }})
{%- endmacro %}

{% macro spark__meta_hash(field, text) -%}
    meta_hash('{{ field }}', {{ text }})
{%- endmacro %}
