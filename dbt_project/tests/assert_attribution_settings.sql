-- Settings that would give a wrong number: shares below 0 or none at all, a half-life or a window
-- that is no time, a model without windows, a channel whose name joins two.
with

bad_models as (

    select models.model as setting
    from {{ ref('attribution_models') }} as models
    where
        (
            models.method = 'milestones'
            and (
                least(
                    coalesce(models.first_share, -1),
                    coalesce(models.lead_share, -1),
                    coalesce(models.opportunity_share, -1),
                    coalesce(models.last_share, -1),
                    coalesce(models.middle_share, -1)
                ) < 0
                or models.first_share + models.last_share <= 0
            )
        )
        or (models.method = 'time_decay' and coalesce(models.half_life_days, 0) <= 0)

),

bad_windows as (

    select models.model as setting
    from {{ ref('attribution_models') }} as models
    left join {{ ref('attribution_windows') }} as windows on models.model = windows.model
    group by models.model
    having count(distinct windows.conversion_type) < 2 or min(windows.lookback_days) < 0

),

bad_channels as (

    select channel as setting
    from {{ ref('channel_rules') }}
    where channel like '% > %'

)

select * from bad_models
union all
select * from bad_windows
union all
select * from bad_channels
