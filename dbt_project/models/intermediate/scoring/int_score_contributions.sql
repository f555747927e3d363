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

kept as (

    select
        signal,
        -- Null, for no limit, if any rule has none.
        case when count(most_occurrences) = count(*) then max(most_occurrences) end as most
    from rules
    where kind = 'engagement'
    group by signal

),

occurrences as (

    select
        activities.person_id,
        activities.signal,
        activities.event_id,
        activities.occurred_at,
        row_number() over (
            partition by activities.person_id, activities.signal
            order by activities.occurred_at desc, activities.event_id desc
        ) as nth_newest
    from {{ ref('int_scored_activities') }} as activities

),

newest as (

    select
        occurrences.*,
        {{ score_days('occurrences.occurred_at') }} as days
    from occurrences
    inner join kept on occurrences.signal = kept.signal
    where kept.most is null or occurrences.nth_newest <= kept.most

),

engagement as (

    select
        newest.person_id,
        rules.version,
        rules.rule_id,
        'engagement' as kind,
        newest.event_id,
        rules.field as reason,
        rules.points as full_points,
        rules.half_life_days,
        {{ score_number(
            'rules.points * ' ~ growth('newest.days - heads.days', 'rules.half_life_days')
        ) }} as points,
        newest.occurred_at
    from newest
    inner join rules on newest.signal = rules.signal
    inner join heads
        on newest.person_id = heads.person_id and rules.version = heads.version
    where
        rules.most_occurrences is null
        or newest.nth_newest <= rules.most_occurrences

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
