with

aliases as (

    select
        own_person_id as alias_id,
        person_id,
        record_id,
        is_announced,
        first_occurred_at as first_seen_at
    from {{ ref('int_record_people') }}
    where own_person_id <> person_id

)

select * from aliases
