with

records as (

    select
        {{ month_of('first_occurred_at') }} as month_start,
        1 as records,
        case when own_person_id <> person_id then 1 else 0 end as duplicates,
        case
            when own_person_id <> person_id and is_announced then 1 else 0
        end as announced_duplicates,
        0 as unmerges
    from {{ ref('int_record_people') }}

),

unmerges as (

    select
        {{ month_of('occurred_at') }} as month_start,
        0 as records,
        0 as duplicates,
        0 as announced_duplicates,
        1 as unmerges
    from {{ ref('fct_identity_links') }}
    where link_type = 'identity_unlinked' and effect = 'holds'

),

told as (

    select * from records
    union all
    select * from unmerges

),

counted as (

    select
        month_start,
        cast(sum(records) as bigint) as records,
        cast(sum(duplicates) as bigint) as duplicates,
        cast(sum(announced_duplicates) as bigint) as announced_duplicates,
        cast(sum(unmerges) as bigint) as unmerges
    from told
    group by month_start

),

rated as (

    select
        month_start,
        records,
        duplicates,
        announced_duplicates,
        unmerges,
        {{ percent('duplicates', 'records') }} as duplicate_percent,
        {{ percent('announced_duplicates', 'duplicates') }} as announced_duplicate_percent,
        {{ percent('unmerges', 'duplicates') }} as merge_correction_percent
    from counted

)

select * from rated
