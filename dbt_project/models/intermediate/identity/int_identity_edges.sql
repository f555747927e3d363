with

identifiers as (

    select * from {{ ref('int_identifiers') }}

),

holders as (

    select
        identifier,
        min(record_id) as hub_record_id
    from identifiers
    group by identifier

),

edges as (

    select
        identifiers.record_id as node_a,
        holders.hub_record_id as node_b,
        identifiers.rule,
        identifiers.identifier
    from identifiers
    inner join holders on identifiers.identifier = holders.identifier
    where identifiers.record_id <> holders.hub_record_id

)

select * from edges
