{# A text without spaces around it; null when nothing is left. #}
{% macro text_of(value) -%}
    nullif(trim({{ value }}), '')
{%- endmacro %}
