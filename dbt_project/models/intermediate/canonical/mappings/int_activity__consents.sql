with

activities as (

    {{ union_mappings('activities', 'position, activity_type') }}

),

statements as (

    select
        position,
        cast(null as {{ dbt.type_string() }}) as purpose,
        'email' as channel,
        'withdrawn' as status,
        cast(null as {{ dbt.type_string() }}) as lawful_basis
    from activities
    where activity_type = 'email_unsubscribed'

)

select * from statements
