{#
    JSON text with its keys in alphabetical order; a null member is left out. Each value is SQL that
    yields JSON text: json_quote(…), json_number(…), json_list(…), another json_object(…).
#}
{% macro json_object(members) -%}
    '{' || concat_ws(
        ','
        {%- for key in members | sort %},
        '"{{ key }}":' || {{ members[key] }}
        {%- endfor %}
    ) || '}'
{%- endmacro %}


{# A JSON number; null stays null. #}
{% macro json_number(number) -%}
    cast({{ number }} as {{ dbt.type_string() }})
{%- endmacro %}


{# A JSON list of one text; null for a null, so that the member is left out. #}
{% macro json_list_of_one(text) -%}
    '[' || {{ json_quote(text) }} || ']'
{%- endmacro %}


{# A text inside HTML: what somebody wrote must not become markup. #}
{% macro html_text(text) -%}
    replace(replace(replace({{ text }}, '&', '&amp;'), '<', '&lt;'), '>', '&gt;')
{%- endmacro %}


{# A JSON list of values that are JSON text; a null one is left out. #}
{% macro json_list_of(items) -%}
    '[' || concat_ws(
        ','
        {%- for item in items %},
        {{ item }}
        {%- endfor %}
    ) || ']'
{%- endmacro %}
