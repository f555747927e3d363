-- Credits of a conversion and model sum to 1 and values to its value; no conversion is left out.
with

expected as (

    select
        conversions.conversion_id,
        windows.model,
        conversions.value
    from {{ ref('int_attributed_conversions') }} as conversions
    inner join {{ ref('attribution_windows') }} as windows
        on conversions.conversion_type = windows.conversion_type

),

found as (

    select
        conversion_id,
        model,
        sum(credit) as credit,
        sum(value) as value,
        min(credit) as least_credit
    from {{ ref('fct_attribution') }}
    group by conversion_id, model

)

select
    expected.conversion_id,
    expected.model
from expected
left join found
    on expected.conversion_id = found.conversion_id and expected.model = found.model
where
    found.credit is null
    or found.credit <> 1
    or found.value <> expected.value
    or found.least_credit < 0
