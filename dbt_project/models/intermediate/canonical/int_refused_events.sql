with

problems as (

    select * from {{ ref('int_event_problems') }}

),

staged as (

    select * from {{ ref('int_staged_events') }}

),

-- Only a replay or a variant can be another copy of a vendor's event.
copied as (

    select distinct vendor_id
    from staged
    where event_id <> vendor_id

),

copies as (

    select
        staged.*,
        logged.event_key,
        logged.body_hash
    from staged
    inner join copied on staged.vendor_id = copied.vendor_id
    inner join {{ ref('base_raw__events') }} as logged on staged.position = logged.position
    left join problems on staged.position = problems.position
    where problems.position is null

),

superseded as (

    select
        position,
        event_id
    from copies
    qualify
        row_number() over (
            partition by vendor_id
            order by
                occurred_at,
                body_hash,
                case when event_id = vendor_id then 0 else 1 end,
                event_key
        ) > 1

),

refused as (

    select
        position,
        event_id,
        outcome,
        code,
        path,
        problem_value
    from problems
    union all
    select
        position,
        event_id,
        'ignored' as outcome,
        'VARIANT_SUPERSEDED' as code,
        cast(null as {{ dbt.type_string() }}) as path,
        cast(null as {{ dbt.type_string() }}) as problem_value
    from superseded

)

select * from refused
