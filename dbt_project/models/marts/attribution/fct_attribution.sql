with

conversions as (

    select
        *,
        -- Wide enough for the product with a share of twelve digits.
        cast(value as decimal(24, 2)) as wide_value
    from {{ ref('int_attributed_conversions') }}

),

credited as (

    select
        credits.conversion_id,
        credits.model,
        paths.touch_id,
        conversions.person_id,
        paths.channel,
        paths.source,
        paths.medium,
        paths.campaign,
        paths.campaign_id,
        conversions.conversion_type,
        conversions.currency,
        cast(credits.share_reached - credits.share_before as decimal(18, 12)) as credit,
        cast(
            cast(credits.share_reached * conversions.wide_value as decimal(18, 2))
            - cast(credits.share_before * conversions.wide_value as decimal(18, 2))
            as decimal(18, 2)
        ) as value,
        credits.position,
        paths.occurred_at as touched_at,
        conversions.converted_at
    from {{ ref('int_attribution_credits') }} as credits
    inner join conversions on credits.conversion_id = conversions.conversion_id
    inner join {{ ref('int_conversion_paths') }} as paths
        on
            credits.conversion_id = paths.conversion_id
            and credits.lookback_days = paths.lookback_days
            and credits.position = paths.position

),

-- A conversion nobody's touch led to is still told of, by every model.
untouched as (

    select
        conversions.conversion_id,
        windows.model,
        '(none)' as touch_id,
        conversions.person_id,
        '(none)' as channel,
        cast(null as {{ dbt.type_string() }}) as source,
        cast(null as {{ dbt.type_string() }}) as medium,
        cast(null as {{ dbt.type_string() }}) as campaign,
        cast(null as {{ dbt.type_string() }}) as campaign_id,
        conversions.conversion_type,
        conversions.currency,
        cast(1 as decimal(18, 12)) as credit,
        conversions.value,
        cast(null as integer) as position,
        {{ no_timestamp() }} as touched_at,
        conversions.converted_at
    from conversions
    inner join {{ ref('attribution_windows') }} as windows
        on conversions.conversion_type = windows.conversion_type
    left join {{ ref('int_conversion_paths') }} as paths
        on
            conversions.conversion_id = paths.conversion_id
            and windows.lookback_days = paths.lookback_days
            and paths.position = 1
    where paths.conversion_id is null

),

attribution as (

    select * from credited
    union all
    select * from untouched

)

select * from attribution
