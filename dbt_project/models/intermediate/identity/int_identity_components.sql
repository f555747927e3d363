with

clusters as (

    select * from {{ ref('int_identity_clusters') }}

),

unlinks as (

    select
        unlinks.node_a,
        unlinks.node_b,
        ones.cluster_id
    from {{ ref('int_identity_unlinks') }} as unlinks
    inner join clusters as ones on unlinks.node_a = ones.record_id
    inner join clusters as others on unlinks.node_b = others.record_id
    where ones.cluster_id = others.cluster_id

),

-- Read by the macro below, which the linter does not look into.
divided as (  -- noqa: ST03

    select clusters.*
    from clusters
    where clusters.cluster_id in (select unlinks.cluster_id from unlinks)

),

parts as (

    select
        parts.node as record_id,
        parts.component as component_id
    from
        {{ components_apart(
            nodes='divided',
            node='record_id',
            edges=ref('int_identity_edges'),
            apart='unlinks'
        ) }} as parts

),

components as (

    select
        clusters.record_id,
        clusters.cluster_id,
        coalesce(parts.component_id, clusters.cluster_id) as component_id
    from clusters
    left join parts on clusters.record_id = parts.record_id

)

select * from components
