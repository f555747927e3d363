{# A cast that answers null where the text does not fit the type. #}
{% macro try_to(text, type) -%}
    {{ adapter.dispatch('try_to', 'millrace')(text, type) }}
{%- endmacro %}

{% macro duckdb__try_to(text, type) -%}
    try_cast({{ text }} as {{ type }})
{%- endmacro %}

{% macro spark__try_to(text, type) -%}
    try_cast({{ text }} as {{ type }})
{%- endmacro %}


{# The first whole number in a text such as "51-200" or "1,000+"; null when there is none. #}
{% macro first_number(text) -%}
    {{ adapter.dispatch('first_number', 'millrace')(text) }}
{%- endmacro %}

{% macro duckdb__first_number(text) -%}
    try_cast(
        nullif(regexp_extract(replace({{ text }}, ',', ''), '[0-9]+'), '') as bigint
    )
{%- endmacro %}

{% macro spark__first_number(text) -%}
    try_cast(
        nullif(regexp_extract(replace({{ text }}, ',', ''), '[0-9]+', 0), '') as bigint
    )
{%- endmacro %}
