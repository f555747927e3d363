with

held as (

    select
        model,
        channel,
        currency,
        sum(credit) as credit,
        sum(value) as value
    from published.marts.fct_attribution
    group by model, channel, currency

),

made as (

    select
        model,
        channel,
        currency,
        sum(credit) as credit,
        sum(value) as value
    from preview.marts.fct_attribution
    group by model, channel, currency

)

select
    coalesce(held.model, made.model) as model,
    coalesce(held.channel, made.channel) as channel,
    coalesce(held.currency, made.currency) as currency,
    coalesce(held.credit, 0) as credit_before,
    coalesce(made.credit, 0) as credit_after,
    coalesce(held.value, 0) as value_before,
    coalesce(made.value, 0) as value_after
from held
full outer join made
    on
        held.model = made.model
        and held.channel is not distinct from made.channel
        and held.currency is not distinct from made.currency
where
    held.credit is distinct from made.credit
    or held.value is distinct from made.value
order by model, channel, currency
