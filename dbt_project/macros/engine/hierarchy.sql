{#
    Whether the parent of each node can stand, as a relation (node, verdict): sound, cycle or
    too_deep. `tree` is a relation with the columns `node` and `parent`, one row for each node and
    a row for each parent.
#}
{% macro parent_verdicts(tree, deepest) -%}
    {{ adapter.dispatch('parent_verdicts', 'millrace')(tree, deepest) }}
{%- endmacro %}

{% macro duckdb__parent_verdicts(tree, deepest) -%}
    (
        with

        numbered as (

            select
                node,
                parent,
                row_number() over (order by node) - 1 as place
            from {{ tree }}

        ),

        found as (

            select parent_verdicts(
                coalesce(
                    list(coalesce(parents.place, -1) order by numbered.place),
                    cast([] as bigint[])
                ),
                {{ deepest }}
            ) as verdicts
            from numbered
            left join numbered as parents on numbered.parent = parents.node

        ),

        listed as (

            select
                unnest(verdicts) as verdict,
                generate_subscripts(verdicts, 1) - 1 as place
            from found

        )

        select
            numbered.node,
            listed.verdict
        from numbered
        inner join listed on numbered.place = listed.place
    )
{%- endmacro %}

{% macro spark__parent_verdicts(tree, deepest) -%}
    (
        with

        numbered as (

            select
                node,
                parent,
                row_number() over (order by node) - 1 as place
            from {{ tree }}

        ),

        found as (

            select parent_verdicts(
                transform(
                    array_sort(collect_list(struct(
                        numbered.place, coalesce(parents.place, -1) as parent_place
                    ))),
                    pair -> pair.parent_place
                ),
                {{ deepest }}
            ) as verdicts
            from numbered
            left join numbered as parents on numbered.parent = parents.node

        ),

        listed as (

            select
                exploded.verdict,
                exploded.place
            from found
            lateral view posexplode(found.verdicts) exploded as place, verdict

        )

        select
            numbered.node,
            listed.verdict
        from numbered
        inner join listed on numbered.place = listed.place
    )
{%- endmacro %}
