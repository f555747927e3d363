{{ config(materialized='view') }}

with

rules as (

    select * from {{ ref('int_score_rules') }}

),

fit as (

    select * from {{ ref('int_score_fit') }}

),

occurrences as (

    select
        person_id,
        signal,
        occurred_at,
        {{ score_days('occurred_at') }} as days,
        nth_oldest
    from {{ ref('int_scored_activities') }}

),

-- What an activity adds, less what falls out because the rule holds only its newest occurrences.
engagement as (

    select
        occurrences.person_id,
        rules.version,
        rules.slot,
        occurrences.occurred_at,
        rules.points * {{ growth('occurrences.days', 'rules.half_life_days') }}
        - case
            when outgrown.days is null then 0
            else rules.points * {{ growth('outgrown.days', 'rules.half_life_days') }}
        end as change
    from occurrences
    inner join rules on occurrences.signal = rules.signal
    left join occurrences as outgrown
        on
            occurrences.person_id = outgrown.person_id
            and occurrences.signal = outgrown.signal
            and occurrences.nth_oldest - rules.most_occurrences = outgrown.nth_oldest

),

changes as (

    select * from engagement
    union all
    select
        person_id,
        version,
        0 as slot,
        occurred_at,
        points as change
    from fit
    union all
    select
        person_id,
        version,
        0 as slot,
        next_occurred_at as occurred_at,
        -points as change
    from fit
    where next_occurred_at is not null

)

select * from changes
