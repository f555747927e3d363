with

-- A lead is announced by webhook, pulled afterwards, or both: it is one.
told as (

    select
        lead_id,
        {{ earliest('event_id') }} as event_id,
        min(occurred_at) as created_at
    from {{ applied('stg_meta__leads') }} as leads
    where
        length(lead_id) between 15 and 17
        and {{ try_to('lead_id', 'bigint') }} is not null
    group by lead_id

),

leads as (

    select
        told.lead_id,
        record_people.person_id,
        told.event_id,
        observations.is_historical,
        logged.correlation_id,
        told.created_at
    from told
    inner join {{ ref('int_contact_events') }} as observations
        on told.event_id = observations.event_id
    inner join {{ ref('int_record_people') }} as record_people
        on observations.record_id = record_people.record_id
    inner join {{ ref('base_raw__events') }} as logged
        on observations.position = logged.position

)

select * from leads
