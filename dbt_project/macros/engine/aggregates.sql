{# The last value that is not null, in the order of a key: a null never overwrites. #}
{% macro latest(value, order_key='order_key') -%}
    {{ adapter.dispatch('latest', 'millrace')(value, order_key) }}
{%- endmacro %}

{% macro duckdb__latest(value, order_key) -%}
    max_by({{ value }}, {{ order_key }})
{%- endmacro %}

{# Spark looks at nulls too, unless their key is null. #}
{% macro spark__latest(value, order_key) -%}
    max_by({{ value }}, case when {{ value }} is not null then {{ order_key }} end)
{%- endmacro %}


{# The first value that is not null, in the order of a key. #}
{% macro earliest(value, order_key='order_key') -%}
    {{ adapter.dispatch('earliest', 'millrace')(value, order_key) }}
{%- endmacro %}

{% macro duckdb__earliest(value, order_key) -%}
    min_by({{ value }}, {{ order_key }})
{%- endmacro %}

{% macro spark__earliest(value, order_key) -%}
    min_by({{ value }}, case when {{ value }} is not null then {{ order_key }} end)
{%- endmacro %}


{# A percentile of numbers, interpolated between neighbours; nulls do not count. #}
{% macro percentile(value, fraction) -%}
    {{ adapter.dispatch('percentile', 'millrace')(value, fraction) }}
{%- endmacro %}

{% macro duckdb__percentile(value, fraction) -%}
    quantile_cont({{ value }}, {{ fraction }})
{%- endmacro %}

{% macro spark__percentile(value, fraction) -%}
    percentile({{ value }}, {{ fraction }})
{%- endmacro %}


{#
    The texts of a group as one, parted by a separator, in the order of a key that leaves no ties:
    of the texts themselves when none is given. Null when there is none.
#}
{% macro joined_text(text, separator, order_by=none) -%}
    {{ adapter.dispatch('joined_text', 'millrace')(text, separator, order_by or text) }}
{%- endmacro %}

{% macro duckdb__joined_text(text, separator, order_by) -%}
    string_agg({{ text }}, {{ separator }} order by {{ order_by }})
{%- endmacro %}

{% macro spark__joined_text(text, separator, order_by) -%}
    nullif(
        array_join(
            transform(
                array_sort(collect_list(named_struct('place', {{ order_by }}, 'text', {{ text }}))),
                item -> item.text
            ),
            {{ separator }}
        ),
        ''
    )
{%- endmacro %}
