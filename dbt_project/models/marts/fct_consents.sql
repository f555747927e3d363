with

consents as (

    select
        consents.consent_id,
        record_people.person_id,
        consents.record_id,
        consents.purpose,
        consents.channel,
        consents.status,
        consents.lawful_basis,
        consents.event_id,
        consents.occurred_at as consent_timestamp
    from {{ ref('int_consents') }} as consents
    inner join {{ ref('int_record_people') }} as record_people
        on consents.record_id = record_people.record_id

)

select * from consents
