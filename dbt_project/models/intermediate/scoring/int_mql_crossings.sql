with

live_version as (

    select
        version,
        threshold
    from {{ ref('score_versions') }}
    where status = 'live'

),

points_by_event as (

    select
        contributions.person_id,
        contributions.version,
        live_version.threshold,
        contributions.event_id,
        contributions.order_key,
        contributions.occurred_at,
        sum(contributions.points) as points
    from {{ ref('int_score_contributions') }} as contributions
    inner join live_version on contributions.version = live_version.version
    group by
        contributions.person_id,
        contributions.version,
        live_version.threshold,
        contributions.event_id,
        contributions.order_key,
        contributions.occurred_at

),

running as (

    select
        *,
        sum(points) over (
            partition by person_id
            order by order_key
            rows between unbounded preceding and current row
        ) as score
    from points_by_event

),

crossings as (

    select
        running.person_id,
        running.event_id,
        applied.source as cause_source,
        applied.event_key as cause_event_key,
        cast(running.score as integer) as score,
        cast(running.threshold as integer) as threshold,
        running.version as score_version,
        running.occurred_at
    from running
    inner join {{ ref('int_applied_events') }} as applied on running.event_id = applied.event_id
    where running.score >= running.threshold
    qualify row_number() over (partition by running.person_id order by running.order_key) = 1

)

select * from crossings
