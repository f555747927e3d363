with

statements as (

    select * from {{ ref('int_contact_statements') }}

),

folded as (

    select
        record_id,
        {{ latest('email_normalised', 'last_order_key') }} as email_normalised,
        sum(events) as observations,
        min(first_occurred_at) as first_occurred_at,
        max(last_occurred_at) as last_occurred_at
    from statements
    group by record_id

),

records as (

    select
        record_id,
        {{ person_id_of('record_id') }} as own_person_id,
        email_normalised,
        observations,
        first_occurred_at,
        last_occurred_at
    from folded

)

select * from records
