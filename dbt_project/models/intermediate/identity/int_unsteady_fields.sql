with

fields as (

    select * from {{ ref('int_identity_fields') }}

),

unsteady as (

    select
        record_id,
        field,
        count(*) as different_values
    from fields
    group by record_id, field
    having count(*) > {{ var('most_values_of_a_field') }}

)

select * from unsteady
