with

event_people as (

    select * from {{ ref('int_event_people') }}

),

decided as (

    select
        'mql_reached:' || decisions.cause_source || ':' || decisions.cause_event_key as mql_id,
        event_people.person_id,
        decisions.score,
        decisions.threshold,
        decisions.score_version,
        decisions.cause_source,
        decisions.cause_event_key,
        true as is_decided,
        decisions.occurred_at as reached_at,
        decisions.position,
        event_people.order_key
    from {{ ref('stg_millrace__decisions') }} as decisions
    inner join event_people on decisions.event_id = event_people.event_id
    qualify
        row_number() over (
            partition by decisions.cause_source, decisions.cause_event_key
            order by event_people.order_key
        ) = 1

),

live_version as (

    select
        version,
        live_from
    from {{ ref('score_versions') }}
    where status = 'live'

),

crossings as (

    select crossings.*
    from {{ ref('int_mql_crossings') }} as crossings
    inner join live_version on crossings.version = live_version.version
    where live_version.live_from is null or crossings.occurred_at >= live_version.live_from

),

-- A decision settles its own cycle and all before it, wherever a late event or a merge moved them.
undecided as (

    select
        'mql_reached:' || crossings.cause_source || ':' || crossings.cause_event_key as mql_id,
        crossings.person_id,
        cast(floor(crossings.score) as integer) as score,
        crossings.threshold,
        crossings.version as score_version,
        crossings.cause_source,
        crossings.cause_event_key,
        false as is_decided,
        crossings.occurred_at as reached_at
    from crossings
    where
        not exists (
            select 1 from decided
            where
                decided.person_id = crossings.person_id
                and decided.reached_at
                >= coalesce(crossings.cycle_started_at, decided.reached_at)
        )

),

mqls as (

    select
        mql_id,
        person_id,
        score,
        threshold,
        score_version,
        cause_source,
        cause_event_key,
        is_decided,
        reached_at,
        position as decision_position
    from decided
    union all
    select
        mql_id,
        person_id,
        score,
        threshold,
        score_version,
        cause_source,
        cause_event_key,
        is_decided,
        reached_at,
        cast(null as bigint) as decision_position
    from undecided

),

traced as (

    select
        mqls.mql_id,
        mqls.person_id,
        mqls.score,
        mqls.threshold,
        mqls.score_version,
        mqls.cause_source,
        mqls.cause_event_key,
        mqls.is_decided,
        coalesce(causes.is_historical, false) as is_historical,
        logged.correlation_id,
        mqls.reached_at
    from mqls
    left join {{ ref('int_applied_events') }} as causes
        on causes.event_id = mqls.cause_source || ':' || mqls.cause_event_key
    left join {{ ref('base_raw__events') }} as logged
        on coalesce(causes.position, mqls.decision_position) = logged.position

)

select * from traced
