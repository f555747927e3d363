{{ config(materialized='view') }}

with

windows as (

    select
        windows.conversion_type,
        windows.model,
        models.method,
        windows.lookback_days
    from {{ ref('attribution_windows') }} as windows
    inner join {{ ref('attribution_models') }} as models on windows.model = models.model

),

paths as (

    select
        paths.conversion_id,
        windows.model,
        windows.method,
        paths.lookback_days,
        paths.channel,
        paths.channel_touches,
        paths.position
    from {{ ref('int_conversion_paths') }} as paths
    inner join windows
        on
            paths.conversion_type = windows.conversion_type
            and paths.lookback_days = windows.lookback_days

),

by_removal as (

    select
        paths.conversion_id,
        paths.model,
        paths.lookback_days,
        paths.position,
        -- Never quite nothing: a path of negligible channels is still shared out.
        greatest(effects.removal_effect, 0.000000000001) / paths.channel_touches as weight
    from paths
    inner join {{ ref('int_removal_effects') }} as effects
        on paths.model = effects.model and paths.channel = effects.channel
    where paths.method = 'markov'

),

by_shapley as (

    select
        paths.conversion_id,
        paths.model,
        paths.lookback_days,
        paths.position,
        shares.share / paths.channel_touches as weight
    from paths
    inner join {{ ref('int_channel_journeys') }} as journeys
        on
            paths.conversion_id = journeys.path_id
            and paths.model = journeys.model
            and journeys.is_conversion
    inner join {{ ref('int_shapley_shares') }} as shares
        on
            journeys.model = shares.model
            and journeys.path = shares.path
            and paths.channel = shares.channel

),

weights as (

    select * from by_removal
    union all
    select * from by_shapley

)

select * from weights
