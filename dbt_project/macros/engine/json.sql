{# Text at a JSON path, null when absent, null or blank. #}
{% macro json_text(json, path) -%}
    {{ adapter.dispatch('json_text', 'millrace')(json, path) }}
{%- endmacro %}

{% macro duckdb__json_text(json, path) -%}
    nullif(trim(json_extract_string({{ json }}, '{{ path }}')), '')
{%- endmacro %}

{# A text that json_items took out of a list stands without its quotes: it is no JSON any more. #}
{% macro spark__json_text(json, path) -%}
    {%- set found = "get_json_object(" ~ json ~ ", '" ~ path ~ "')" -%}
    nullif(trim({{ 'coalesce(' ~ found ~ ', ' ~ json ~ ')' if path == '$' else found }}), '')
{%- endmacro %}


{# One row for each item of the JSON list at a path. Use as a column of a select. #}
{% macro json_items(json, path) -%}
    {{ adapter.dispatch('json_items', 'millrace')(json, path) }}
{%- endmacro %}

{% macro duckdb__json_items(json, path) -%}
    unnest(json_extract({{ json }}, '{{ path }}[*]'))
{%- endmacro %}

{% macro spark__json_items(json, path) -%}
    explode(from_json(get_json_object({{ json }}, '{{ path }}'), 'array<string>'))
{%- endmacro %}


{# Whether the engine can read a text as JSON; false for null. #}
{% macro is_json(text) -%}
    {{ adapter.dispatch('is_json', 'millrace')(text) }}
{%- endmacro %}

{% macro duckdb__is_json(text) -%}
    coalesce(json_valid({{ text }}), false)
{%- endmacro %}

{% macro spark__is_json(text) -%}
    get_json_object({{ text }}, '$') is not null
{%- endmacro %}


{# A text as a JSON string literal, quotes included; null stays null. #}
{% macro json_quote(text) -%}
    {{ adapter.dispatch('json_quote', 'millrace')(text) }}
{%- endmacro %}

{% macro duckdb__json_quote(text) -%}
    cast(to_json(cast({{ text }} as varchar)) as varchar)
{%- endmacro %}

{# Spark writes no JSON of a bare text: it is taken out of a list of one. #}
{% macro spark__json_quote(text) -%}
    case
        when {{ text }} is not null
            then
                substr(
                    to_json(array(cast({{ text }} as string))),
                    2,
                    length(to_json(array(cast({{ text }} as string)))) - 2
                )
    end
{%- endmacro %}


{#
    A JSON document read once, as a record whose members are text: `shape` is a list of member
    names, or a dictionary where a name leads to a shape of its own. A member that is absent is
    null; one that is no text is its JSON. Read its members with `text_of`.
#}
{% macro json_record(json, shape) -%}
    {{ adapter.dispatch('json_record', 'millrace')(json, shape) }}
{%- endmacro %}

{% macro duckdb__json_record(json, shape) -%}
    json_transform({{ json }}, '{{ tojson(millrace.json_shape(shape)) }}')
{%- endmacro %}

{% macro spark__json_record(json, shape) -%}
    from_json({{ json }}, '{{ millrace.spark_shape(shape) }}')
{%- endmacro %}


{# The shape as nested dictionaries whose leaves are DuckDB's type of text. #}
{% macro json_shape(shape) -%}
    {%- set members = {} -%}
    {%- for name in shape -%}
        {%- do members.update({
            name: millrace.json_shape(shape[name]) if shape is mapping and shape[name] else 'VARCHAR'
        }) -%}
    {%- endfor -%}
    {{ return(members) }}
{%- endmacro %}


{# The shape as a type of Spark. #}
{% macro spark_shape(shape) -%}
    struct<
    {%- for name in shape -%}
        `{{ name }}`:
        {{- millrace.spark_shape(shape[name]) if shape is mapping and shape[name] else 'string' -}}
        {{- ',' if not loop.last -}}
    {%- endfor -%}
    >
{%- endmacro %}


{# One row for each member of the JSON object at a path, with `key` and `value` (text). Use as a
   column of a select. #}
{% macro json_members(json, path) -%}
    {{ adapter.dispatch('json_members', 'millrace')(json, path) }}
{%- endmacro %}

{% macro duckdb__json_members(json, path) -%}
    unnest(map_entries(
        json_transform(json_extract({{ json }}, '{{ path }}'), '"MAP(VARCHAR, VARCHAR)"')
    ))
{%- endmacro %}

{% macro spark__json_members(json, path) -%}
    explode(map_entries(from_json(get_json_object({{ json }}, '{{ path }}'), 'map<string, string>')))
{%- endmacro %}
