with

links as (

    select
        links.*,
        logged.correlation_id
    from {{ applied('stg_standard__identity_links') }} as links
    inner join {{ ref('base_raw__events') }} as logged on links.position = logged.position

),

people as (

    select
        found.event_id,
        min(case when found.side = 'one' then record_people.person_id end) as person_id,
        min(case when found.side = 'other' then record_people.person_id end) as other_person_id
    from {{ ref('int_identity_references') }} as found
    inner join {{ ref('int_record_people') }} as record_people
        on found.record_id = record_people.record_id
    group by found.event_id

),

told as (

    select
        links.event_id as link_id,
        links.event_type as link_type,
        people.person_id,
        people.other_person_id,
        links.reason,
        links.decided_by,
        links.source,
        case
            when people.person_id is null or people.other_person_id is null then 'nobody_found'
            when
                (people.person_id = people.other_person_id)
                = (links.event_type = 'identity_linked')
                then 'holds'
            else 'taken_back'
        end as effect,
        links.correlation_id,
        links.order_key,
        links.occurred_at
    from links
    left join people on links.event_id = people.event_id

)

select * from told
