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
        with

        numbered as (

            select
                linked.node,
                row_number() over (order by linked.node) - 1 as place
            from (
                select node_a as node from {{ edges }}
                union
                select node_b as node from {{ edges }}
            ) as linked

        ),

        found as (

            select connected_components(
                (select count(*) from numbered),
                coalesce(list(ones.place), cast([] as bigint[])),
                coalesce(list(others.place), cast([] as bigint[]))
            ) as components
            from {{ edges }} as edges
            inner join numbered as ones on edges.node_a = ones.node
            inner join numbered as others on edges.node_b = others.node

        ),

        listed as (

            select
                unnest(components) as component,
                generate_subscripts(components, 1) - 1 as place
            from found

        )

        select
            nodes.{{ node }} as node,
            coalesce(smallest.node, nodes.{{ node }}) as component
        from {{ nodes }} as nodes
        left join numbered on nodes.{{ node }} = numbered.node
        left join listed on numbered.place = listed.place
        left join numbered as smallest on listed.component = smallest.place
    )
{%- endmacro %}

{% macro spark__connected_components(nodes, node, edges) -%}
    (
        with

        numbered as (

            select
                linked.node,
                row_number() over (order by linked.node) - 1 as place
            from (
                select node_a as node from {{ edges }}
                union
                select node_b as node from {{ edges }}
            ) as linked

        ),

        found as (

            select connected_components(
                (select count(*) from numbered),
                transform(collect_list(struct(ones.place, others.place)), pair -> pair.col1),
                transform(collect_list(struct(ones.place, others.place)), pair -> pair.col2)
            ) as components
            from {{ edges }} as edges
            inner join numbered as ones on edges.node_a = ones.node
            inner join numbered as others on edges.node_b = others.node

        ),

        listed as (

            select
                exploded.component,
                exploded.place
            from found
            lateral view posexplode(found.components) exploded as place, component

        )

        select
            nodes.{{ node }} as node,
            coalesce(smallest.node, nodes.{{ node }}) as component
        from {{ nodes }} as nodes
        left join numbered on nodes.{{ node }} = numbered.node
        left join listed on numbered.place = listed.place
        left join numbered as smallest on listed.component = smallest.place
    )
{%- endmacro %}


{#
    Like connected_components, for a few nodes of which some must stay apart: `apart` is a relation
    with the columns node_a and node_b. `edges` count in the order of their columns `preference`,
    `identifier`, `node_a` and `node_b`; one that would bring two together who stay apart is
    left out.
#}
{% macro components_apart(nodes, node, edges, apart) -%}
    {{ adapter.dispatch('components_apart', 'millrace')(nodes, node, edges, apart) }}
{%- endmacro %}

{% macro duckdb__components_apart(nodes, node, edges, apart) -%}
    (
        with

        numbered as (

            select
                {{ node }} as node,
                row_number() over (order by {{ node }}) - 1 as place
            from {{ nodes }}

        ),

        links as (

            select
                list(ones.place order by edges.preference, edges.identifier, edges.node_a, edges.node_b)
                    as ones,
                list(others.place order by edges.preference, edges.identifier, edges.node_a, edges.node_b)
                    as others
            from {{ edges }} as edges
            inner join numbered as ones on edges.node_a = ones.node
            inner join numbered as others on edges.node_b = others.node

        ),

        strangers as (

            select
                list(ones.place) as ones,
                list(others.place) as others
            from {{ apart }} as apart
            inner join numbered as ones on apart.node_a = ones.node
            inner join numbered as others on apart.node_b = others.node

        ),

        found as (

            select components_apart(
                (select count(*) from numbered),
                coalesce(links.ones, cast([] as bigint[])),
                coalesce(links.others, cast([] as bigint[])),
                coalesce(strangers.ones, cast([] as bigint[])),
                coalesce(strangers.others, cast([] as bigint[]))
            ) as components
            from links
            cross join strangers

        ),

        listed as (

            select
                unnest(components) as component,
                generate_subscripts(components, 1) - 1 as place
            from found

        )

        select
            numbered.node,
            smallest.node as component
        from listed
        inner join numbered on listed.place = numbered.place
        inner join numbered as smallest on listed.component = smallest.place
    )
{%- endmacro %}

{% macro spark__components_apart(nodes, node, edges, apart) -%}
    (
        with

        numbered as (

            select
                {{ node }} as node,
                row_number() over (order by {{ node }}) - 1 as place
            from {{ nodes }}

        ),

        links as (

            select
                array_sort(collect_list(struct(
                    edges.preference, edges.identifier, edges.node_a, edges.node_b,
                    ones.place as one, others.place as other
                ))) as pairs
            from {{ edges }} as edges
            inner join numbered as ones on edges.node_a = ones.node
            inner join numbered as others on edges.node_b = others.node

        ),

        strangers as (

            select collect_list(struct(ones.place as one, others.place as other)) as pairs
            from {{ apart }} as apart
            inner join numbered as ones on apart.node_a = ones.node
            inner join numbered as others on apart.node_b = others.node

        ),

        found as (

            select components_apart(
                (select count(*) from numbered),
                transform(links.pairs, pair -> pair.one),
                transform(links.pairs, pair -> pair.other),
                transform(strangers.pairs, pair -> pair.one),
                transform(strangers.pairs, pair -> pair.other)
            ) as components
            from links
            cross join strangers

        ),

        listed as (

            select
                exploded.component,
                exploded.place
            from found
            lateral view posexplode(found.components) exploded as place, component

        )

        select
            numbered.node,
            smallest.node as component
        from listed
        inner join numbered on listed.place = numbered.place
        inner join numbered as smallest on listed.component = smallest.place
    )
{%- endmacro %}
