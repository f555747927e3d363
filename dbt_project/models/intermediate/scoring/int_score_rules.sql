with

versions as (

    select * from {{ ref('score_versions') }}
    where status in ('live', 'shadow')

),

written as (

    select * from {{ ref('score_rules') }}
    union all
    select * from {{ ref('int_scorecard_rules') }}

),

typed as (

    select
        written.rule_id,
        written.version,
        written.kind,
        written.field,
        written.operator,
        written.value,
        case
            when written.kind = 'engagement'
                then concat_ws(' ', written.field, written.operator, written.value)
        end as signal,
        {{ try_to('written.points', 'decimal(12, 2)') }} as points,
        {{ try_to('written.half_life_days', 'integer') }} as half_life_days,
        {{ try_to('written.cap', 'decimal(12, 2)') }} as cap
    from written
    inner join versions on written.version = versions.version

),

slotted as (

    select
        rule_id,
        version,
        kind,
        field,
        operator,
        value,
        signal,
        points,
        half_life_days,
        cap,
        cast(floor(round(cap / nullif(points, 0), 6)) as bigint) as most_occurrences,
        case
            when half_life_days is null then 0
            else
                dense_rank() over (
                    partition by version, case when half_life_days is null then 0 else 1 end
                    order by half_life_days
                )
        end as slot
    from typed

)

select * from slotted
where points <> 0
