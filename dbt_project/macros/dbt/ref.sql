{#
    A relation by schema and name alone: the published copy of the warehouse, and the fast lane's
    own, hold the same schemas under another catalog.
#}
{% macro ref() -%}
    {%- set relation = builtins.ref(*varargs, **kwargs) -%}
    {{ return(relation.include(database=false)) }}
{%- endmacro %}


{# Likewise, unless the source stands in another database than the models (target `dev`). #}
{% macro source() -%}
    {%- set relation = builtins.source(*varargs, **kwargs) -%}
    {%- set elsewhere = (relation.database or '') != (target.database or '') -%}
    {{ return(relation.include(database=elsewhere)) }}
{%- endmacro %}
