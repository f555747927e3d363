with

versions as (

    select
        versions.version,
        versions.status = 'live' as is_live
    from {{ ref('score_versions') }} as versions
    where
        versions.version in (select rules.version from {{ ref('int_score_rules') }} as rules)

),

heads as (

    select
        person_id,
        version,
        occurred_at as scored_at
    from {{ ref('int_score_timeline') }}
    where next_occurred_at is null

),

points as (

    select
        person_id,
        version,
        sum(case when kind = 'fit' then points else 0 end) as fit,
        sum(case when kind = 'engagement' then points else 0 end) as engagement
    from {{ ref('int_score_contributions') }}
    group by person_id, version

),

scores as (

    select
        golden.person_id,
        versions.version,
        versions.is_live,
        cast(coalesce(points.fit, 0) as decimal(12, 2)) as fit,
        cast(coalesce(points.engagement, 0) as decimal(12, 2)) as engagement,
        cast(coalesce(points.fit, 0) + coalesce(points.engagement, 0) as decimal(12, 2)) as total,
        heads.scored_at
    from {{ ref('int_golden_records') }} as golden
    cross join versions
    left join points
        on golden.person_id = points.person_id and versions.version = points.version
    left join heads
        on golden.person_id = heads.person_id and versions.version = heads.version

)

select * from scores
