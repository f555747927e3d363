with

given as (

    select distinct birth_date as birth_date_given
    from {{ ref('int_contact_sayings') }}
    where birth_date is not null

),

normalised as (

    select
        birth_date_given,
        {{ identity_key("'birth_date'", 'birth_date_given') }} as birth_date
    from given

)

select * from normalised
