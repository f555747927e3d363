{% set of_use = 'partition by person_id, purpose, channel' %}

with

statements as (

    select
        record_people.person_id,
        consents.purpose,
        consents.channel,
        coalesce(records.email_normalised, consents.record_id) as voice,
        consents.consent_id,
        consents.status,
        consents.lawful_basis,
        consents.order_key,
        consents.occurred_at
    from {{ ref('int_consents') }} as consents
    inner join {{ ref('int_record_people') }} as record_people
        on consents.record_id = record_people.record_id
    inner join {{ ref('int_contact_records') }} as records
        on consents.record_id = records.record_id

),

numbered as (

    select
        *,
        row_number() over (
            {{ of_use }}
            order by occurred_at, {{ consent_strictness('status') }}, order_key, consent_id
        ) as said_as
    from statements

),

voices as (

    select
        *,
        lag(status) over ({{ of_use }}, voice order by said_as) as previous_status,
        lead(said_as) over ({{ of_use }}, voice order by said_as) as revised_as
    from numbered

)

select * from voices
