with

mqls as (

    select * from {{ ref('fct_mqls') }}
    where not is_historical

),

people as (

    select
        person_id,
        {{ one_line(
            "coalesce(nullif(concat_ws(' ', first_name, last_name), ''), email, phone)"
        ) }} as person_name,
        {{ one_line("nullif(concat_ws(', ', job_title, company), '')") }} as role
    from {{ ref('dim_people') }}
    where email is not null or phone is not null

),

assignments as (

    select * from {{ ref('fct_assignments') }}

),

rules as (

    select * from {{ ref('int_score_rules') }}

),

contributions as (

    select
        mqls.mql_id,
        rules.rule_id,
        rules.field,
        -- Of an activity the reason is the field; of an absent value there is none.
        nullif(contributions.reason, rules.field) as held,
        cast(round(sum(contributions.points), 0) as integer) as points
    from {{ ref('int_score_contributions') }} as contributions
    inner join mqls
        on
            contributions.person_id = mqls.person_id
            and contributions.version = mqls.score_version
            and contributions.occurred_at <= mqls.reached_at
    inner join rules
        on
            contributions.version = rules.version
            and contributions.rule_id = rules.rule_id
    group by mqls.mql_id, rules.rule_id, rules.field, contributions.reason

),

ranked as (

    select
        mql_id,
        concat_ws(' ', replace(field, '_', ' '), {{ one_line('held') }}) || ' +' || points as told,
        row_number() over (partition by mql_id order by points desc, rule_id asc, held asc) as place
    from contributions
    where points > 0

),

reasons as (

    select
        mql_id,
        concat_ws(
            ', ',
            max(case when place = 1 then told end),
            max(case when place = 2 then told end),
            max(case when place = 3 then told end)
        ) as reasons
    from ranked
    where place <= 3
    group by mql_id

),

alerts as (

    select
        mqls.mql_id,
        mqls.person_id,
        'Call ' || people.person_name || ': score ' || mqls.score as title,
        people.person_name || coalesce(' (' || people.role || ')', '')
        || ' reached a score of ' || mqls.score || '; the threshold is ' || mqls.threshold
        || '.' as summary,
        'Why: ' || reasons.reasons || '.' as why,
        'Owner: ' || coalesce(assignments.rep_name, 'nobody yet')
        || coalesce('. Due: ' || {{ minute_text('assignments.sla_due_at') }}, '') || '.' as owned,
        mqls.correlation_id,
        mqls.reached_at,
        {{ add_hours('mqls.reached_at', var('alert_deadline_hours')) }} as deadline_at
    from mqls
    inner join people on mqls.person_id = people.person_id
    left join assignments on mqls.mql_id = assignments.mql_id
    left join reasons on mqls.mql_id = reasons.mql_id

)

select * from alerts
