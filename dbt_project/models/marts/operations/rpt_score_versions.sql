with

versions as (

    select
        version,
        status,
        kind,
        threshold
    from {{ ref('score_versions') }}
    where status in ('live', 'shadow')

),

rules as (

    select
        version,
        count(*) as rules
    from {{ ref('int_score_rules') }}
    group by version

),

scores as (

    select
        scores.version,
        count(*) as people,
        count(case when scores.total >= versions.threshold then 1 end) as people_over,
        avg(scores.total) as mean_score
    from {{ ref('fct_scores') }} as scores
    inner join versions on scores.version = versions.version
    group by scores.version

),

qualified as (

    select
        version,
        person_id,
        count(*) as mqls
    from {{ ref('int_mql_crossings') }}
    group by version, person_id

),

live_qualified as (

    select qualified.person_id
    from qualified
    inner join versions on qualified.version = versions.version
    where versions.status = 'live'

),

mqls as (

    select
        qualified.version,
        sum(qualified.mqls) as mqls,
        count(*) as qualified_people,
        count(live_qualified.person_id) as also_live
    from qualified
    left join live_qualified on qualified.person_id = live_qualified.person_id
    group by qualified.version

),

compared as (

    select
        versions.version,
        versions.status,
        versions.kind,
        versions.threshold,
        cast(coalesce(rules.rules, 0) as bigint) as rules,
        cast(coalesce(scores.people, 0) as bigint) as people,
        cast(coalesce(scores.people_over, 0) as bigint) as people_over,
        cast(round(scores.mean_score, 2) as decimal(12, 2)) as mean_score,
        cast(coalesce(mqls.mqls, 0) as bigint) as mqls,
        cast(coalesce(mqls.qualified_people, 0) as bigint) as qualified_people,
        cast(coalesce(mqls.also_live, 0) as bigint) as also_live
    from versions
    left join rules on versions.version = rules.version
    left join scores on versions.version = scores.version
    left join mqls on versions.version = mqls.version

)

select * from compared
