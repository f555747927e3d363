with

mqls as (

    select
        *,
        'owner_assigned:' || cause_source || ':' || cause_event_key as assignment_id
    from {{ ref('fct_mqls') }}
    where not is_historical

),

requests as (

    select
        mqls.assignment_id,
        mqls.mql_id,
        mqls.person_id,
        golden.company_domain,
        -- People of one company go to one rep, in whatever order and batch they come.
        coalesce(golden.company_domain, mqls.mql_id) as spread_key,
        mqls.score,
        mqls.reached_at,
        mqls.correlation_id
    from mqls
    left join {{ ref('int_golden_records') }} as golden on mqls.person_id = golden.person_id
    where
        not exists (
            select 1 from {{ ref('int_assignment_decisions') }} as decisions
            where decisions.assignment_id = mqls.assignment_id
        )

)

select * from requests
