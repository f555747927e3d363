{# Text at a JSON path, null when absent, null or blank. #}
{% macro json_text(json, path) -%}
    {{ adapter.dispatch('json_text', 'millrace')(json, path) }}
{%- endmacro %}

{% macro duckdb__json_text(json, path) -%}
    nullif(trim(json_extract_string({{ json }}, '{{ path }}')), '')
{%- endmacro %}


{# One row for each item of the JSON list at a path. Use as a column of a select. #}
{% macro json_items(json, path) -%}
    {{ adapter.dispatch('json_items', 'millrace')(json, path) }}
{%- endmacro %}

{% macro duckdb__json_items(json, path) -%}
    unnest(json_extract({{ json }}, '{{ path }}[*]'))
{%- endmacro %}


{# Whether the engine can read a text as JSON; false for null. #}
{% macro is_json(text) -%}
    {{ adapter.dispatch('is_json', 'millrace')(text) }}
{%- endmacro %}

{% macro duckdb__is_json(text) -%}
    coalesce(json_valid({{ text }}), false)
{%- endmacro %}


{# A text as a JSON string literal, quotes included; null stays null. #}
{% macro json_quote(text) -%}
    {{ adapter.dispatch('json_quote', 'millrace')(text) }}
{%- endmacro %}

{% macro duckdb__json_quote(text) -%}
    cast(to_json(cast({{ text }} as varchar)) as varchar)
{%- endmacro %}
