with

members as (

    select
        components.component_id,
        components.cluster_id,
        components.record_id,
        records.own_person_id,
        records.first_occurred_at
    from {{ ref('int_identity_components') }} as components
    inner join {{ ref('int_contact_records') }} as records
        on components.record_id = records.record_id

),

announced as (

    select
        person_id,
        min(order_key) as announced_key
    from {{ applied('stg_millrace__answers') }} as answers
    group by person_id

),

named as (

    select
        members.*,
        announced.announced_key,
        first_value(members.own_person_id) over (
            partition by members.component_id
            order by
                case when announced.announced_key is null then 1 else 0 end,
                announced.announced_key,
                members.first_occurred_at,
                members.record_id
        ) as person_id
    from members
    left join announced on members.own_person_id = announced.person_id

),

record_people as (

    select
        record_id,
        person_id,
        own_person_id,
        cluster_id,
        announced_key is not null as is_announced,
        first_occurred_at
    from named

)

select * from record_people
