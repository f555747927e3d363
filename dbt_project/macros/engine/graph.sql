{#
    Connected components, as a relation (node, component); the component is its smallest node.
    `nodes` is a relation whose column `node` names them; `edges` one with the columns `node_a` and
    `node_b`, in either direction. Converges on chains of any length.
#}
{% macro connected_components(nodes, node, edges) -%}
    {{ adapter.dispatch('connected_components', 'millrace')(nodes, node, edges) }}
{%- endmacro %}

{% macro duckdb__connected_components(nodes, node, edges) -%}
    (
        select
            unnest(listed.nodes) as node,
            unnest(connected_components(listed.nodes, listed.edges)) as component
        from (
            select
                (select list({{ node }}) from {{ nodes }}) as nodes,
                (
                    select coalesce(list([node_a, node_b]), cast([] as varchar[][]))
                    from {{ edges }}
                ) as edges
        ) as listed
    )
{%- endmacro %}

{% macro spark__connected_components(nodes, node, edges) -%}
    (
        select
            inline(arrays_zip(
                listed.nodes, connected_components(listed.nodes, listed.edges)
            )) as (node, component)
        from (
            select
                (select collect_list({{ node }}) from {{ nodes }}) as nodes,
                (select collect_list(array(node_a, node_b)) from {{ edges }}) as edges
        ) as listed
    )
{%- endmacro %}
