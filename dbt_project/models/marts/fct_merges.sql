with

record_people as (

    select * from {{ ref('int_record_people') }}

),

links as (

    select
        node_a as record_id,
        rule,
        identifier
    from {{ ref('int_identity_edges') }}
    union all
    select
        node_b as record_id,
        rule,
        identifier
    from {{ ref('int_identity_edges') }}

),

first_link as (

    select
        record_id,
        rule,
        identifier
    from links
    qualify row_number() over (partition by record_id order by rule, identifier) = 1

),

joined as (

    select
        record_people.own_person_id as merge_id,
        record_people.person_id,
        record_people.own_person_id as alias_id,
        record_people.record_id,
        first_link.rule,
        {{ sha256_hex('first_link.identifier') }} as identifier_hash,
        record_people.first_occurred_at as merged_at
    from record_people
    inner join first_link on record_people.record_id = first_link.record_id
    where record_people.own_person_id <> record_people.person_id

)

select * from joined
