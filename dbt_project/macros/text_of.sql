{# A text without spaces around it; null when nothing is left. #}
{% macro text_of(value) -%}
    nullif(trim({{ value }}), '')
{%- endmacro %}


{# Whether a text says true, however it is spelt; false for null. #}
{% macro flag_of(value) -%}
    coalesce(lower({{ value }}) = 'true', false)
{%- endmacro %}
