{# Rows of every model that maps a source to this canonical entity: see canonical_sources. #}
{% macro union_mappings(entity, columns) -%}
    {%- for source in var('canonical_sources')[entity] %}
    select {{ columns }}
    from {{ ref('int_' ~ source ~ '__' ~ entity) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
