with

record_people as (

    select * from {{ ref('int_record_people') }}

),

edges as (

    select * from {{ ref('int_identity_edges') }}

),

links as (

    select
        node_a as record_id,
        node_b as other_record_id,
        rule,
        identifier,
        preference,
        linked_at
    from edges
    union all
    select
        node_b as record_id,
        node_a as other_record_id,
        rule,
        identifier,
        preference,
        linked_at
    from edges

),

aliases as (

    select * from record_people
    where own_person_id <> person_id

),

-- An edge between two that were taken apart joined nobody.
strongest_link as (

    select
        links.record_id,
        links.other_record_id,
        links.rule,
        links.identifier,
        links.linked_at
    from links
    inner join aliases on links.record_id = aliases.record_id
    inner join record_people as others on links.other_record_id = others.record_id
    where aliases.person_id = others.person_id
    qualify
        row_number() over (
            partition by links.record_id
            order by links.preference, links.linked_at, links.identifier, links.other_record_id
        ) = 1

),

joined as (

    select
        aliases.own_person_id as merge_id,
        aliases.person_id,
        aliases.own_person_id as alias_id,
        aliases.record_id,
        strongest_link.other_record_id,
        strongest_link.rule,
        {{ sha256_hex('strongest_link.identifier') }} as identifier_hash,
        strongest_link.linked_at as merged_at
    from aliases
    inner join strongest_link on aliases.record_id = strongest_link.record_id

)

select * from joined
