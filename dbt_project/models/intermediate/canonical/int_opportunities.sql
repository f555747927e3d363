with

changes as (

    select * from {{ ref('int_opportunity_changes') }}

),

folded as (

    select
        opportunity_id,
        source,
        {{ latest('name') }} as name,
        {{ latest('stage') }} as stage,
        coalesce({{ latest('is_won') }}, false) as is_won,
        coalesce({{ latest('is_lost') }}, false) as is_lost,
        {{ latest('is_deleted') }} as is_deleted,
        {{ latest('amount') }} as amount,
        {{ latest('currency') }} as currency,
        {{ latest('closed_at') }} as closed_at,
        {{ latest('case when closed_at is not null then occurred_at end') }} as closed_at_told_at,
        {{ earliest('case when is_won then event_id end') }} as won_event_id,
        min(case when is_won then occurred_at end) as first_won_at,
        min(occurred_at) as created_at,
        max(occurred_at) as updated_at
    from changes
    group by opportunity_id, source

),

dated as (

    select
        opportunity_id,
        source,
        name,
        stage,
        is_won and not is_deleted as is_won,
        is_lost,
        is_deleted,
        amount,
        currency,
        won_event_id,
        case
            when not is_won then null
            -- A close date that lay ahead when it was told is a plan, not the day of the win.
            when closed_at <= {{ add_days('closed_at_told_at', 1) }} then closed_at
            else first_won_at
        end as won_at,
        created_at,
        updated_at
    from folded

)

select * from dated
