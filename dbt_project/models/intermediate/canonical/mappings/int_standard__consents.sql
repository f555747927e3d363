with

statements as (

    select
        position,
        purpose,
        channel,
        status,
        case
            when status = 'granted' then coalesce(lawful_basis, 'consent')
            else lawful_basis
        end as lawful_basis
    from {{ ref('stg_standard__events') }}
    where event_type = 'consent_changed'

)

select * from statements
