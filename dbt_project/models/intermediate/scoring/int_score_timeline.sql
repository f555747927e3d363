with

half_lives as (

    select
        {% for slot in half_life_slots() %}
            max(case when slot = {{ slot }} then half_life_days end) as half_life_{{ slot }},
        {% endfor %}
        version
    from {{ ref('int_score_rules') }}
    group by version

),

running as (

    select
        person_id,
        version,
        occurred_at,
        {% for slot in [0] + half_life_slots() %}
            sum(case when slot = {{ slot }} then change else 0 end) over (
                partition by person_id, version order by occurred_at
                range between unbounded preceding and current row
            ) as grown_{{ slot }},
        {% endfor %}
        lead(occurred_at) over (
            partition by person_id, version order by occurred_at
        ) as next_occurred_at
    from {{ ref('int_score_changes') }}

),

-- One row a moment: a running total by range has everything that changed then.
moments as (

    select
        running.*,
        {% for slot in half_life_slots() %}
            half_lives.half_life_{{ slot }},
        {% endfor %}
        {{ score_days('running.occurred_at') }} as days,
        {{ score_days('running.next_occurred_at') }} as next_days
    from running
    inner join half_lives on running.version = half_lives.version
    where
        running.next_occurred_at is null
        or running.next_occurred_at <> running.occurred_at

),

scored as (

    select
        person_id,
        version,
        {{ score_number(decayed_total('days')) }} as score,
        {{ score_number(decayed_total('next_days')) }} as score_before_next,
        occurred_at,
        next_occurred_at
    from moments

)

select * from scored
