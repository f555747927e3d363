with

current_consents as (

    select
        history.person_id,
        history.purpose,
        history.channel,
        history.status,
        history.lawful_basis,
        history.consent_id,
        history.decided_at
    from {{ ref('fct_consent_history') }} as history
    inner join {{ ref('consent_purposes') }} as purposes
        on history.purpose = purposes.purpose and history.channel = purposes.channel
    where history.valid_to is null and purposes.is_main

)

select * from current_consents
