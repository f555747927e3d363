{# Whether a regular expression describes the whole text. #}
{% macro full_match(text, pattern) -%}
    {{ adapter.dispatch('full_match', 'millrace')(text, pattern) }}
{%- endmacro %}

{% macro duckdb__full_match(text, pattern) -%}
    regexp_full_match({{ text }}, {{ pattern }})
{%- endmacro %}

{% macro spark__full_match(text, pattern) -%}
    {{ text }} rlike concat('^(', {{ pattern }}, ')$')
{%- endmacro %}


{# The first group of the first place a regular expression fits; null where it fits none. #}
{% macro first_match(text, pattern) -%}
    {{ adapter.dispatch('first_match', 'millrace')(text, pattern) }}
{%- endmacro %}

{% macro duckdb__first_match(text, pattern) -%}
    nullif(regexp_extract({{ text }}, {{ pattern }}, 1), '')
{%- endmacro %}

{% macro spark__first_match(text, pattern) -%}
    nullif(regexp_extract({{ text }}, {{ pattern }}, 1), '')
{%- endmacro %}
