with

weights as (

    select * from {{ ref('int_rule_weights') }}
    union all
    select * from {{ ref('int_learnt_weights') }}

),

-- Decimals add up the same in any order; floating point does not.
exact_weights as (

    select
        conversion_id,
        model,
        lookback_days,
        position,
        cast(weight as decimal(18, 15)) as weight
    from weights

),

running as (

    select
        *,
        sum(weight) over (
            partition by conversion_id, model
            order by position
            rows between unbounded preceding and current row
        ) as reached,
        sum(weight) over (partition by conversion_id, model) as whole
    from exact_weights

),

-- Rounding where the path has got to, and not each step, leaves no remainder to hand out.
shares as (

    select
        conversion_id,
        model,
        lookback_days,
        position,
        cast(reached / whole as decimal(18, 12)) as share_reached,
        cast((reached - weight) / whole as decimal(18, 12)) as share_before
    from running
    where weight > 0

)

select * from shares
