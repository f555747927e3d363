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


{# Texts of a group joined by a separator, in an order that leaves no ties. #}
{% macro joined_in_order(text, separator, order_by) -%}
    {{ adapter.dispatch('joined_in_order', 'millrace')(text, separator, order_by) }}
{%- endmacro %}

{% macro duckdb__joined_in_order(text, separator, order_by) -%}
    string_agg({{ text }}, {{ separator }} order by {{ order_by }})
{%- endmacro %}

{% macro spark__joined_in_order(text, separator, order_by) -%}
    array_join(
        transform(
            array_sort(collect_list(named_struct('place', {{ order_by }}, 'text', {{ text }}))),
            item -> item.text
        ),
        {{ separator }}
    )
{%- endmacro %}
