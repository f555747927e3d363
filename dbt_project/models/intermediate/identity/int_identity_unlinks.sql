with

resolved as (

    select * from {{ ref('int_identity_references') }}

),

-- A record that both sides refer to cannot be taken apart.
sided as (

    select
        event_id,
        record_id,
        min(side) as side,
        min(event_type) as event_type,
        min(order_key) as order_key
    from resolved
    group by event_id, record_id
    having count(distinct side) = 1

),

unlinks as (

    select * from sided
    where event_type = 'identity_unlinked'

),

-- A later link of the two takes an unlink back.
matched as (

    select
        unlinks.event_id,
        unlinks.side,
        links.event_id as link_event_id,
        links.side as link_side
    from unlinks
    inner join resolved as links
        on
            unlinks.record_id = links.record_id
            and unlinks.order_key < links.order_key
    where links.event_type = 'identity_linked'

),

taken_back as (

    select distinct ones.event_id
    from matched as ones
    inner join matched as others
        on
            ones.event_id = others.event_id
            and ones.link_event_id = others.link_event_id
            and ones.link_side <> others.link_side
    where ones.side = 'one' and others.side = 'other'

),

representatives as (

    select
        event_id,
        min(case when side = 'one' then record_id end) as node_a,
        min(case when side = 'other' then record_id end) as node_b
    from unlinks
    group by event_id

),

in_force as (

    select
        representatives.event_id,
        representatives.node_a,
        representatives.node_b
    from representatives
    left join taken_back on representatives.event_id = taken_back.event_id
    where
        taken_back.event_id is null
        and representatives.node_a is not null
        and representatives.node_b is not null

)

select * from in_force
