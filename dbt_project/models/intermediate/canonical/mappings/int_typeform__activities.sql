with

responses as (

    select * from {{ ref('stg_typeform__responses') }}

),

activities as (

    select
        position,
        event_id,
        'form_submit' as activity_type,
        cast(null as {{ dbt.type_string() }}) as outcome,
        cast(null as {{ dbt.type_string() }}) as amount_given,
        cast(null as {{ dbt.type_string() }}) as currency,
        cast(null as {{ dbt.type_string() }}) as amount_path,
        cast(null as {{ dbt.type_string() }}) as currency_path
    from responses

)

select * from activities
