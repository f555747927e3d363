with

people as (

    select * from {{ ref('stg_salesforce__people') }}

),

refusals as (

    select
        position,
        'email' as channel
    from people
    where has_opted_out_of_email
    union all
    select
        position,
        'phone' as channel
    from people
    where is_not_to_be_called

),

statements as (

    select
        position,
        cast(null as {{ dbt.type_string() }}) as purpose,
        channel,
        'withdrawn' as status,
        cast(null as {{ dbt.type_string() }}) as lawful_basis
    from refusals

)

select * from statements
