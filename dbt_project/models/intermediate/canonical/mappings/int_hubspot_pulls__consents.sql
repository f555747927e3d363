with

records as (

    select * from {{ ref('stg_hubspot__records') }}
    where object_type = 'contact'

),

record_fields as (

    select * from {{ ref('int_hubspot_record_fields') }}

),

statements as (

    select
        records.position,
        cast(null as {{ dbt.type_string() }}) as purpose,
        'email' as channel,
        'withdrawn' as status,
        cast(null as {{ dbt.type_string() }}) as lawful_basis
    from records
    inner join record_fields on records.event_id = record_fields.event_id
    -- That the mark is absent is no consent: only what the person says is.
    where lower(record_fields.email_opt_out) in ('true', 'yes', '1')

)

select * from statements
