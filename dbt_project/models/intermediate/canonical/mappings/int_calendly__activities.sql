with

invitees as (

    select * from {{ ref('stg_calendly__invitees') }}

),

activities as (

    select
        position,
        event_id,
        case when event_type = 'invitee.created' then 'meeting_booked' else 'meeting_outcome' end
            as activity_type,
        case event_type
            when 'invitee.canceled' then 'canceled'
            when 'invitee_no_show.created' then 'no_show'
        end as outcome,
        cast(null as {{ dbt.type_string() }}) as amount_given,
        cast(null as {{ dbt.type_string() }}) as currency,
        cast(null as {{ dbt.type_string() }}) as amount_path,
        cast(null as {{ dbt.type_string() }}) as currency_path
    from invitees

)

select * from activities
