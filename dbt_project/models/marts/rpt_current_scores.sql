{{ config(materialized='view') }}

{% set as_of = var('as_of', none) %}

with

moment as (

    select
        {% if as_of %}
            {{ timestamp_from_iso("'" ~ as_of ~ "'") }} as as_of
        {% else %}
            cast({{ dbt.current_timestamp() }} as {{ type_instant() }}) as as_of
        {% endif %}

),

decayed as (

    select
        contributions.person_id,
        contributions.version,
        contributions.kind,
        moment.as_of,
        {{ score_number(
            'contributions.full_points * ' ~ growth(
                score_days('contributions.occurred_at') ~ ' - ' ~ score_days('moment.as_of'),
                'contributions.half_life_days'
            )
        ) }} as points
    from {{ ref('int_score_contributions') }} as contributions
    cross join moment
    where contributions.occurred_at <= moment.as_of

),

points as (

    select
        person_id,
        version,
        sum(case when kind = 'fit' then points else 0 end) as fit,
        sum(case when kind = 'engagement' then points else 0 end) as engagement
    from decayed
    group by person_id, version

),

current_scores as (

    select
        scores.person_id,
        scores.version,
        scores.is_live,
        cast(coalesce(points.fit, 0) as decimal(12, 2)) as fit,
        cast(coalesce(points.engagement, 0) as decimal(12, 2)) as engagement,
        cast(coalesce(points.fit, 0) + coalesce(points.engagement, 0) as decimal(12, 2)) as total,
        scores.scored_at,
        moment.as_of
    from {{ ref('fct_scores') }} as scores
    cross join moment
    left join points
        on scores.person_id = points.person_id and scores.version = points.version

)

select * from current_scores
