with

resolved as (

    select * from {{ ref('int_identity_references') }}

),

links as (

    select
        event_id,
        min(case when side = 'one' then record_id end) as node_a,
        min(case when side = 'other' then record_id end) as node_b,
        min(occurred_at) as linked_at
    from resolved
    where event_type = 'identity_linked'
    group by event_id

),

-- What stands on one side of an unlink is one person, whatever else its records share.
unlinked as (

    select
        event_id,
        record_id,
        min(side) as side,
        min(occurred_at) as linked_at
    from resolved
    where event_type = 'identity_unlinked'
    group by event_id, record_id
    having count(distinct side) = 1

),

hubs as (

    select
        event_id,
        side,
        min(record_id) as record_id
    from unlinked
    group by event_id, side

),

manual_links as (

    select
        node_a,
        node_b,
        'manual_link' as rule,
        event_id as identifier,
        linked_at
    from links
    where node_a <> node_b
    union all
    select
        unlinked.record_id as node_a,
        hubs.record_id as node_b,
        'named_together' as rule,
        unlinked.event_id as identifier,
        unlinked.linked_at
    from unlinked
    inner join hubs
        on unlinked.event_id = hubs.event_id and unlinked.side = hubs.side
    where unlinked.record_id <> hubs.record_id

)

select * from manual_links
