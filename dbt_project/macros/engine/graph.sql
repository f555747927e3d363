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
        with recursive

        links as (
            select node_a, node_b from {{ edges }}
            union
            select node_b, node_a from {{ edges }}
        ),

        labels (node, component) using key (node) as (
            select {{ node }}, {{ node }} from {{ nodes }}
            union
            select known.node, min(changed.component)
            from labels as changed
            inner join links on changed.node = links.node_a
            inner join recurring.labels as known on links.node_b = known.node
            where changed.component < known.component
            group by known.node
        )

        select node, component from labels
    )
{%- endmacro %}
