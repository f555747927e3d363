with

meetings as (

    select * from {{ ref('stg_hubspot__meetings') }}
    where contact_id is not null

),

email_events as (

    select * from {{ ref('stg_hubspot__email_events') }}

),

states as (

    select
        *,
        {{ vendor_id_of('event_id', 'source') }} as vendor_id,
        case outcome
            when 'completed' then 'attended'
            when 'no_show' then 'no_show'
            when 'canceled' then 'canceled'
            else 'booked'
        end as state
    from meetings
    where outcome in ('scheduled', 'completed', 'no_show', 'canceled')

),

-- A meeting is pulled again after every edit; each of its states happened once.
entered as (

    select *
    from states
    qualify
        vendor_id = first_value(vendor_id) over (
            partition by portal_id, meeting_id, state
            order by occurred_at, vendor_id
        )

),

meeting_activities as (

    select
        position,
        event_id,
        case when state = 'booked' then 'meeting_booked' else 'meeting_outcome' end
            as activity_type,
        nullif(state, 'booked') as outcome
    from entered

),

email_activities as (

    select
        position,
        event_id,
        case
            when email_event_type = 'OPEN' then 'email_open'
            when email_event_type = 'CLICK' then 'email_click'
            when email_event_type = 'BOUNCE' then 'email_bounced'
            when email_event_type = 'SPAMREPORT' or is_unsubscribed then 'email_unsubscribed'
        end as activity_type,
        cast(null as {{ dbt.type_string() }}) as outcome
    from email_events
    -- HubSpot filters what machines open and follow.
    where not is_filtered

),

activities as (

    select * from meeting_activities
    union all
    select * from email_activities
    where activity_type is not null

),

without_amounts as (

    select
        *,
        cast(null as {{ dbt.type_string() }}) as amount_given,
        cast(null as {{ dbt.type_string() }}) as currency,
        cast(null as {{ dbt.type_string() }}) as amount_path,
        cast(null as {{ dbt.type_string() }}) as currency_path
    from activities

)

select * from without_amounts
