with

components as (

    select
        components.node as record_id,
        components.component as component_id
    from
        {{ connected_components(
            nodes=ref('int_contact_records'),
            node='record_id',
            edges=ref('int_identity_edges')
        ) }} as components

)

select * from components
