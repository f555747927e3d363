with

versions as (

    select
        version,
        threshold,
        rearm_below
    from {{ ref('score_versions') }}
    where status in ('live', 'shadow')

),

-- Only these matter: moments with a score over the threshold, and ones after which it got low.
turns as (

    select
        timeline.person_id,
        timeline.version,
        timeline.score,
        versions.threshold,
        timeline.occurred_at,
        case
            when least(timeline.score, timeline.score_before_next) < versions.rearm_below
                then timeline.next_occurred_at
        end as rearmed_at
    from {{ ref('int_score_timeline') }} as timeline
    inner join versions on timeline.version = versions.version
    where
        timeline.score >= versions.threshold
        or least(timeline.score, timeline.score_before_next) < versions.rearm_below

),

cycles as (

    select
        *,
        max(rearmed_at) over (
            partition by person_id, version
            order by occurred_at
            rows between unbounded preceding and 1 preceding
        ) as cycle_started_at
    from turns

),

crossings as (

    select *
    from cycles
    where score >= threshold
    qualify
        row_number() over (
            partition by person_id, version, cycle_started_at
            order by occurred_at
        ) = 1

),

causes as (

    select
        activities.person_id,
        rules.version,
        activities.event_id,
        activities.occurred_at
    from {{ ref('int_scored_activities') }} as activities
    inner join {{ ref('int_score_rules') }} as rules on activities.signal = rules.signal
    union all
    select
        person_id,
        version,
        event_id,
        occurred_at
    from {{ ref('int_score_fit') }}
    union all
    select
        person_id,
        version,
        next_event_id as event_id,
        next_occurred_at as occurred_at
    from {{ ref('int_score_fit') }}

),

caused as (

    select
        crossings.person_id,
        crossings.version,
        crossings.score,
        crossings.threshold,
        crossings.cycle_started_at,
        crossings.occurred_at,
        min(causes.event_id) as event_id
    from crossings
    inner join causes
        on
            crossings.person_id = causes.person_id
            and crossings.version = causes.version
            and crossings.occurred_at = causes.occurred_at
    group by
        crossings.person_id,
        crossings.version,
        crossings.score,
        crossings.threshold,
        crossings.cycle_started_at,
        crossings.occurred_at

),

named as (

    select
        caused.person_id,
        caused.version,
        caused.score,
        caused.threshold,
        caused.cycle_started_at,
        caused.occurred_at,
        caused.event_id,
        applied.source as cause_source,
        applied.event_key as cause_event_key
    from caused
    inner join {{ ref('int_applied_events') }} as applied on caused.event_id = applied.event_id

)

select * from named
