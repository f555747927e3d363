with

records as (

    select
        {{ month_of('first_occurred_at') }} as month_start,
        case when own_person_id <> person_id then 1 else 0 end as is_duplicate,
        case when is_announced then 1 else 0 end as was_announced
    from {{ ref('int_record_people') }}

),

counted as (

    select
        month_start,
        count(*) as records,
        cast(sum(is_duplicate) as bigint) as duplicates,
        cast(sum(is_duplicate * was_announced) as bigint) as corrected_duplicates
    from records
    group by month_start

),

rated as (

    select
        month_start,
        records,
        duplicates,
        corrected_duplicates,
        {{ percent('duplicates', 'records') }} as duplicate_percent,
        {{ percent('corrected_duplicates', 'duplicates') }} as merge_correction_percent
    from counted

)

select * from rated
