with

events as (

    select
        logged.event_id,
        logged.vendor_id,
        logged.position,
        logged.source,
        logged.event_key,
        logged.kind,
        logged.event_type,
        logged.contract,
        logged.correlation_id,
        logged.received_at,
        logged.problem_code as contract_code,
        logged.problem_path as contract_path,
        logged.problem_value as contract_value,
        staged.event_id is not null as is_staged,
        applied.event_id is not null as is_applied,
        problems.outcome as problem_outcome,
        problems.code as problem_code,
        problems.path as problem_path,
        problems.problem_value
    from {{ ref('base_raw__events') }} as logged
    left join {{ ref('int_staged_events') }} as staged on logged.event_id = staged.event_id
    left join {{ ref('int_event_problems') }} as problems on logged.event_id = problems.event_id
    left join {{ ref('int_applied_events') }} as applied on logged.event_id = applied.event_id

),

judged as (

    select
        event_id,
        vendor_id,
        position,
        source,
        event_key,
        kind,
        event_type,
        contract,
        correlation_id,
        received_at,
        case
            when is_applied then 'applied'
            when contract_code = 'EVENT_TYPE_UNKNOWN' then 'ignored'
            when contract_code is not null then 'quarantined'
            when problem_outcome is not null then problem_outcome
            else 'ignored'
        end as outcome,
        case
            when is_applied then null
            when contract_code is not null then contract_code
            when problem_code is not null then problem_code
            when is_staged then 'VARIANT_SUPERSEDED'
            when contract is not null then 'NOT_MODELLED'
            else 'EVENT_TYPE_UNKNOWN'
        end as code,
        coalesce(contract_path, problem_path) as path,
        case
            when contract_code is not null then contract_value else problem_value
        end as problem_value
    from events

)

select * from judged
