with

logged as (

    select * from {{ ref('base_raw__events') }}

),

staged as (

    select position from {{ ref('int_staged_events') }}

),

refused as (

    select * from {{ ref('int_refused_events') }}

),

judged as (

    select
        logged.event_id,
        logged.position,
        logged.source,
        logged.kind,
        logged.event_type,
        logged.contract,
        logged.received_at,
        case
            when logged.problem_code in ('EVENT_TYPE_UNKNOWN', 'ERASED') then 'ignored'
            when logged.problem_code is not null then 'quarantined'
            when refused.outcome is not null then refused.outcome
            when staged.position is not null then 'applied'
            else 'ignored'
        end as outcome,
        case
            when logged.problem_code is not null then logged.problem_code
            when refused.code is not null then refused.code
            when staged.position is not null then null
            when logged.contract is not null then 'NOT_MODELLED'
            else 'EVENT_TYPE_UNKNOWN'
        end as code,
        coalesce(logged.problem_path, refused.path) as path,
        coalesce(logged.problem_value, refused.problem_value) as problem_value
    from logged
    left join staged on logged.position = staged.position
    left join refused on logged.position = refused.position

)

select * from judged
