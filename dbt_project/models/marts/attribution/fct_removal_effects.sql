with

converted as (

    select
        model,
        sum(transitions) as conversions
    from {{ ref('int_channel_transitions') }}
    where to_state = '(conversion)'
    group by model

),

shares as (

    select
        model,
        channel,
        removal_effect,
        -- Decimals, so that the sum does not depend on the order of the rows.
        cast(removal_effect as decimal(18, 15)) / nullif(
            sum(cast(removal_effect as decimal(18, 15))) over (partition by model), 0
        ) as share
    from {{ ref('int_removal_effects') }}

),

effects as (

    select
        shares.model,
        shares.channel,
        shares.removal_effect,
        cast(coalesce(shares.share, 0) as double) as share,
        cast(coalesce(shares.share * converted.conversions, 0) as double) as conversions
    from shares
    left join converted on shares.model = converted.model

)

select * from effects
