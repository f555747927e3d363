with

observations as (

    select
        record_people.person_id,
        consents.*
    from {{ ref('int_consents') }} as consents
    inner join {{ ref('int_record_people') }} as record_people
        on consents.record_id = record_people.record_id

),

last_said as (

    select
        person_id,
        purpose,
        {{ latest('status') }} as status,
        {{ latest('consent_id') }} as consent_id,
        max(case when status = 'granted' then 1 else 0 end) = 1 as was_ever_granted,
        max(occurred_at) as decided_at
    from observations
    group by person_id, purpose

),

asked_for as (

    select
        golden.person_id,
        purposes.purpose,
        purposes.basis
    from {{ ref('int_golden_records') }} as golden
    cross join {{ ref('consent_purposes') }} as purposes

),

effective as (

    select
        asked_for.person_id,
        asked_for.purpose,
        case
            when last_said.status in ('granted', 'withdrawn') then last_said.status
            when last_said.status = 'declined' and last_said.was_ever_granted then 'withdrawn'
            when last_said.status = 'declined' then 'missing'
            when asked_for.basis = 'legitimate_interest' then 'granted'
            else 'missing'
        end as status,
        last_said.consent_id,
        last_said.decided_at
    from asked_for
    left join last_said
        on asked_for.person_id = last_said.person_id and asked_for.purpose = last_said.purpose

)

select * from effective
