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
    having count(*) > 1

),

hubs as (

    select
        holders.identifier,
        holders.hub_record_id,
        identifiers.first_told_at
    from holders
    inner join identifiers
        on
            holders.identifier = identifiers.identifier
            and holders.hub_record_id = identifiers.record_id

),

shared as (

    select
        identifiers.record_id as node_a,
        hubs.hub_record_id as node_b,
        identifiers.rule,
        identifiers.identifier,
        identifiers.preference,
        greatest(identifiers.first_told_at, hubs.first_told_at) as linked_at
    from identifiers
    inner join hubs on identifiers.identifier = hubs.identifier
    where identifiers.record_id <> hubs.hub_record_id

),

edges as (

    select * from shared
    union all
    select
        node_a,
        node_b,
        rule,
        identifier,
        0 as preference,
        linked_at
    from {{ ref('int_identity_manual_links') }}

)

select * from edges
