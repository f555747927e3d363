with

clusters as (

    select
        clusters.node as record_id,
        clusters.component as cluster_id
    from
        {{ connected_components(
            nodes=ref('int_contact_records'),
            node='record_id',
            edges=ref('int_identity_edges')
        ) }} as clusters

)

select * from clusters
