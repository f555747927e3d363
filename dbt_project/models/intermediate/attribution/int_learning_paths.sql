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
    where models.method in ('markov', 'shapley_path', 'shapley_value')

),

paths as (

    select
        windows.model,
        windows.method,
        paths.conversion_id as path_id,
        true as is_conversion,
        paths.channel,
        paths.position
    from {{ ref('int_conversion_paths') }} as paths
    inner join windows
        on
            paths.conversion_type = windows.conversion_type
            and paths.lookback_days = windows.lookback_days
    union all
    select
        windows.model,
        windows.method,
        paths.person_id as path_id,
        false as is_conversion,
        paths.channel,
        paths.position
    from {{ ref('int_null_paths') }} as paths
    inner join windows
        on
            windows.conversion_type = 'new_customer'
            and paths.lookback_days = windows.lookback_days

)

select * from paths
