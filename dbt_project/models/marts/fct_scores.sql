with

people as (

    select
        golden.person_id,
        versions.version,
        versions.status = 'live' as is_live
    from {{ ref('int_golden_records') }} as golden
    cross join {{ ref('score_versions') }} as versions
    where versions.status <> 'retired'

),

points as (

    select
        person_id,
        version,
        sum(case when kind = 'fit' then points else 0 end) as fit,
        sum(case when kind = 'engagement' then points else 0 end) as engagement,
        max(occurred_at) as scored_at
    from {{ ref('int_score_contributions') }}
    group by person_id, version

),

scores as (

    select
        people.person_id,
        people.version,
        people.is_live,
        cast(coalesce(points.fit, 0) as integer) as fit,
        cast(coalesce(points.engagement, 0) as integer) as engagement,
        cast(coalesce(points.fit, 0) + coalesce(points.engagement, 0) as integer) as total,
        points.scored_at
    from people
    left join points
        on people.person_id = points.person_id and people.version = points.version

)

select * from scores
