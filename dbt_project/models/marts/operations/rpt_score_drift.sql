{% set period = var('score_drift_period') %}

with

-- Each person's score at the end of each period in which something changed it, in bins of 10.
period_scores as (

    select
        version,
        cast({{ dbt.date_trunc(period, 'occurred_at') }} as date) as period_start,
        least(greatest(cast(floor(score / 10) as integer), -1), 10) as bin
    from {{ ref('int_score_timeline') }}
    where
        next_occurred_at is null
        or {{ dbt.date_trunc(period, 'next_occurred_at') }}
        > {{ dbt.date_trunc(period, 'occurred_at') }}

),

bin_people as (

    select
        version,
        period_start,
        bin,
        count(*) as people
    from period_scores
    group by version, period_start, bin

),

periods as (

    select
        version,
        period_start,
        sum(people) as people
    from bin_people
    group by version, period_start

),

-- The first period with enough people to compare with; the first of all when none has.
reference_periods as (

    select
        version,
        period_start,
        people
    from periods
    qualify
        row_number() over (
            partition by version
            order by
                case when people >= {{ var('score_drift_reference_people') }} then 0 else 1 end,
                period_start
        ) = 1

),

bins as (

    select distinct bin from bin_people

),

-- Half a person more in each bin, so that an empty one has a logarithm.
shares as (

    select
        periods.version,
        periods.period_start,
        (coalesce(bin_people.people, 0) + 0.5)
        / (periods.people + 0.5 * count(*) over (
            partition by periods.version, periods.period_start
        )) as share_now,
        (coalesce(reference_bins.people, 0) + 0.5)
        / (reference_periods.people + 0.5 * count(*) over (
            partition by periods.version, periods.period_start
        )) as share_then
    from periods
    inner join reference_periods on periods.version = reference_periods.version
    cross join bins
    left join bin_people
        on
            periods.version = bin_people.version
            and periods.period_start = bin_people.period_start
            and bins.bin = bin_people.bin
    left join bin_people as reference_bins
        on
            periods.version = reference_bins.version
            and reference_periods.period_start = reference_bins.period_start
            and bins.bin = reference_bins.bin

),

stability as (

    select
        version,
        period_start,
        sum((share_now - share_then) * ln(share_now / share_then)) as psi
    from shares
    group by version, period_start

),

mqls as (

    select
        version,
        cast({{ dbt.date_trunc(period, 'occurred_at') }} as date) as period_start,
        count(*) as mqls
    from {{ ref('int_mql_crossings') }}
    group by version, cast({{ dbt.date_trunc(period, 'occurred_at') }} as date)

),

rated as (

    select
        periods.version,
        periods.period_start,
        reference_periods.period_start as reference_start,
        cast(periods.people as bigint) as people,
        cast(round(stability.psi, 4) as decimal(9, 4)) as psi,
        case
            when round(stability.psi, 4) < 0.1 then 'stable'
            when round(stability.psi, 4) < 0.25 then 'moderate'
            else 'major'
        end as drift,
        cast(coalesce(mqls.mqls, 0) as bigint) as mqls,
        cast(
            round(100.0 * coalesce(mqls.mqls, 0) / periods.people, 2) as decimal(9, 2)
        ) as mql_rate_percent,
        cast(
            round(100.0 * coalesce(reference_mqls.mqls, 0) / reference_periods.people, 2)
            as decimal(9, 2)
        ) as reference_mql_rate_percent
    from periods
    inner join reference_periods on periods.version = reference_periods.version
    inner join stability
        on
            periods.version = stability.version
            and periods.period_start = stability.period_start
    left join mqls
        on periods.version = mqls.version and periods.period_start = mqls.period_start
    left join mqls as reference_mqls
        on
            periods.version = reference_mqls.version
            and reference_periods.period_start = reference_mqls.period_start

)

select * from rated
