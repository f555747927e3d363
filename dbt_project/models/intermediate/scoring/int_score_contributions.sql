with

rules as (

    select * from {{ ref('int_score_rules') }}

),

heads as (

    select
        person_id,
        version,
        occurred_at as scored_at,
        {{ score_days('occurred_at') }} as days
    from {{ ref('int_score_timeline') }}
    where next_occurred_at is null

),

fit as (

    select
        person_id,
        version,
        rule_id,
        'fit' as kind,
        event_id,
        reason,
        points as full_points,
        cast(null as integer) as half_life_days,
        points,
        occurred_at
    from {{ ref('int_score_fit') }}
    where next_event_id is null

),

occurrences as (

    select
        person_id,
        signal,
        max(nth_oldest) as occurrences
    from {{ ref('int_scored_activities') }}
    group by person_id, signal

),

engagement as (

    select
        activities.person_id,
        rules.version,
        rules.rule_id,
        'engagement' as kind,
        activities.event_id,
        rules.field as reason,
        rules.points as full_points,
        rules.half_life_days,
        {{ score_number(
            'rules.points * ' ~ growth(
                score_days('activities.occurred_at') ~ ' - heads.days', 'rules.half_life_days')
        ) }} as points,
        activities.occurred_at
    from {{ ref('int_scored_activities') }} as activities
    inner join rules on activities.signal = rules.signal
    inner join heads
        on activities.person_id = heads.person_id and rules.version = heads.version
    inner join occurrences
        on
            activities.person_id = occurrences.person_id
            and activities.signal = occurrences.signal
    where
        rules.most_occurrences is null
        or activities.nth_oldest > occurrences.occurrences - rules.most_occurrences

),

contributions as (

    select * from fit
    union all
    select * from engagement

),

named as (

    select
        version || ':' || rule_id || ':' || event_id as contribution_id,
        *
    from contributions

)

select * from named
where points <> 0
