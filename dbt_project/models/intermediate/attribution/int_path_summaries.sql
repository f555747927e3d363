with

summaries as (

    select
        model,
        method,
        path,
        sum(case when is_conversion then 1 else 0 end) as conversions,
        count(*) as journeys
    from {{ ref('int_channel_journeys') }}
    group by model, method, path

)

select * from summaries
