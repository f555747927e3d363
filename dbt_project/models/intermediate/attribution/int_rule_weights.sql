{{ config(materialized='view') }}

with

modelled as (

    select
        paths.conversion_id,
        paths.lookback_days,
        paths.position,
        paths.is_last_non_direct,
        paths.days_before_last,
        models.model,
        models.method,
        models.half_life_days,
        models.middle_share,
        case when paths.is_first then models.first_share else 0 end
        + case when paths.is_lead then models.lead_share else 0 end
        + case when paths.is_opportunity then models.opportunity_share else 0 end
        + case when paths.is_last then models.last_share else 0 end as milestone_share
    from {{ ref('int_conversion_paths') }} as paths
    inner join {{ ref('attribution_windows') }} as windows
        on
            paths.conversion_type = windows.conversion_type
            and paths.lookback_days = windows.lookback_days
    inner join {{ ref('attribution_models') }} as models on windows.model = models.model
    where models.method in ('milestones', 'linear', 'last_non_direct', 'time_decay')

),

milestones as (

    select
        conversion_id,
        model,
        lookback_days,
        position,
        case
            when milestone_share > 0 then milestone_share
            else middle_share / sum(case when milestone_share > 0 then 0 else 1 end) over (
                partition by conversion_id, model
            )
        end as weight
    from modelled
    where method = 'milestones' and (milestone_share > 0 or middle_share > 0)

),

others as (

    select
        conversion_id,
        model,
        lookback_days,
        position,
        case
            when method = 'linear' then 1
            when method = 'time_decay' then power(0.5, days_before_last / half_life_days)
            when is_last_non_direct then 1
        end as weight
    from modelled
    where method in ('linear', 'time_decay') or (method = 'last_non_direct' and is_last_non_direct)

),

weights as (

    select * from milestones
    union all
    select * from others

)

select * from weights
