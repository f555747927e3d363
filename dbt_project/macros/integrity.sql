{#
    What every row of a model keeps to, as one test: `primary_key` tells rows apart and is never
    null, `unique` tells rows apart (null counts as a value), `not_null` is always there. One test
    a model instead of one a column, since each costs a build the same however few rows it reads.
    Gives a row for each breach: what is wrong, and how often.
#}
{% test integrity(model, primary_key=[], unique=[], not_null=[]) %}
{%- set breaches = [] -%}
{%- for column in primary_key + not_null -%}
    {%- do breaches.append(
        "select '" ~ column ~ " is null' as breach, " ~ column ~ " as times"
        ~ " from nulls where " ~ column ~ " > 0"
    ) -%}
{%- endfor -%}
{%- for columns in [primary_key, unique] if columns -%}
    {%- set names = columns | join(', ') -%}
    {%- do breaches.append(
        "select '" ~ names ~ " repeats' as breach, count(*) as times from ("
        ~ "select " ~ names ~ " from " ~ model ~ " group by " ~ names ~ " having count(*) > 1"
        ~ ") as repeated having count(*) > 0"
    ) -%}
{%- endfor -%}
{%- if primary_key + not_null -%}
with nulls as (
    select
    {%- for column in primary_key + not_null %}
        count(*) - count({{ column }}) as {{ column }}{{ "," if not loop.last }}
    {%- endfor %}
    from {{ model }}
)
{% endif -%}
{{ breaches | join('\nunion all\n') }}
{% endtest %}
