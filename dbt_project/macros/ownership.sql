{#
    Who a field at a destination belongs to, and what an empty one means there: one row with two
    columns a field, from the seed field_ownership. A field that the seed does not list is ours,
    and an empty one keeps what the destination has.
#}
{% macro field_policy(destination, object, fields) -%}
    select
    {%- for field in fields | sort %}
        {{ field_says('owner', field, 'millrace') }} as {{ field }}_owner,
        {{ field_says('when_empty', field, 'keep') }} as {{ field }}_empty
        {{- "," if not loop.last }}
    {%- endfor %}
    from {{ ref('field_ownership') }}
    where destination = '{{ destination }}' and object = '{{ object }}'
{%- endmacro %}


{% macro field_says(column, field, otherwise) -%}
    coalesce(max(case when field = '{{ field }}' then {{ column }} end), '{{ otherwise }}')
{%- endmacro %}


{# Our fields as JSON; an empty one that is to be cleared over there is an empty text. #}
{% macro our_fields(fields) -%}
    {%- set members = {} -%}
    {%- for field, value in fields.items() -%}
        {%- set cleared = "case " ~ field ~ "_empty when 'clear' then '\"\"' end" -%}
        {%- set sent = "coalesce(" ~ value ~ ", " ~ cleared ~ ")" -%}
        {%- set ours = "case " ~ field ~ "_owner when 'millrace' then " ~ sent ~ " end" -%}
        {%- do members.update({field: ours}) -%}
    {%- endfor -%}
    {{ json_object(members) }}
{%- endmacro %}


{# The destination's own fields: we fill them when we make the object, and never again. #}
{% macro their_fields(fields) -%}
    {%- set members = {} -%}
    {%- for field, value in fields.items() -%}
        {%- set filled = "case " ~ field ~ "_owner when 'destination' then " ~ value ~ " end" -%}
        {%- do members.update({field: filled}) -%}
    {%- endfor -%}
    nullif({{ json_object(members) }}, '{}')
{%- endmacro %}
