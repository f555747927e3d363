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
