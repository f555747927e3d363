with

leads as (

    select
        *,
        {{ vendor_id_of('event_id', 'source') }} as vendor_id
    from {{ ref('stg_meta__leads') }}

),

-- A lead that was announced by webhook and pulled after is one lead.
told_once as (

    select *
    from leads
    qualify
        vendor_id = first_value(vendor_id) over (
            partition by lead_id
            order by case when is_pulled then 1 else 0 end, occurred_at, vendor_id
        )

),

activities as (

    select
        position,
        event_id,
        'ad_lead' as activity_type,
        cast(null as {{ dbt.type_string() }}) as outcome,
        cast(null as {{ dbt.type_string() }}) as amount_given,
        cast(null as {{ dbt.type_string() }}) as currency,
        cast(null as {{ dbt.type_string() }}) as amount_path,
        cast(null as {{ dbt.type_string() }}) as currency_path
    from told_once

)

select * from activities
