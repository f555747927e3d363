with

people as (

    select
        person_id,
        account_id
    from {{ ref('dim_people') }}
    where account_id is not null

),

mqls as (

    select distinct person_id from {{ ref('fct_mqls') }}

),

scores as (

    select * from {{ ref('fct_scores') }}
    where is_live

),

counted as (

    select
        people.account_id,
        count(*) as people,
        count(mqls.person_id) as mqls,
        max(scores.total) as score_max,
        sum(scores.total) as score_sum
    from people
    left join mqls on people.person_id = mqls.person_id
    left join scores on people.person_id = scores.person_id
    group by people.account_id

),

opportunities as (

    select
        people.account_id,
        opportunities.is_won,
        not opportunities.is_won and not opportunities.is_lost as is_open,
        coalesce(opportunities.currency, '{{ var("default_currency") }}')
        = '{{ var("default_currency") }}' as is_comparable,
        coalesce(opportunities.amount, 0) as amount
    from {{ ref('fct_opportunities') }} as opportunities
    inner join people on opportunities.person_id = people.person_id
    where not opportunities.is_deleted

),

sold as (

    select
        account_id,
        count(case when is_open then 1 end) as open_opportunities,
        count(case when is_won then 1 end) as won_opportunities,
        sum(case when is_open and is_comparable then amount else 0 end) as open_pipeline,
        sum(case when is_won and is_comparable then amount else 0 end) as won_value,
        count(case when (is_open or is_won) and not is_comparable then 1 end)
            as opportunities_in_other_currencies
    from opportunities
    group by account_id

),

figures as (

    select
        counted.account_id,
        counted.people,
        counted.mqls,
        counted.score_max,
        counted.score_sum,
        coalesce(sold.open_opportunities, 0) as open_opportunities,
        coalesce(sold.won_opportunities, 0) as won_opportunities,
        coalesce(sold.open_pipeline, 0) as open_pipeline,
        coalesce(sold.won_value, 0) as won_value,
        coalesce(sold.opportunities_in_other_currencies, 0) as opportunities_in_other_currencies
    from counted
    left join sold on counted.account_id = sold.account_id

)

select * from figures
