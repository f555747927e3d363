with

won as (

    select
        person_id,
        count(*) as won_deals
    from {{ ref('fct_conversions') }}
    group by person_id

),

by_source as (

    select
        coalesce(people.original_source, '(none)') as original_source,
        count(*) as people,
        cast(coalesce(sum(won.won_deals), 0) as bigint) as won_deals
    from {{ ref('dim_people') }} as people
    left join won on people.person_id = won.person_id
    group by coalesce(people.original_source, '(none)')

),

rated as (

    select
        original_source,
        people,
        won_deals,
        cast(round(100.0 * won_deals / people, 2) as decimal(9, 2)) as conversion_rate_percent
    from by_source

)

select * from rated
