{# How strict a word on consent is: of two said at one moment, the stricter is the last. #}
{% macro consent_strictness(status) -%}
    case {{ status }} when 'granted' then 0 when 'declined' then 1 else 2 end
{%- endmacro %}
