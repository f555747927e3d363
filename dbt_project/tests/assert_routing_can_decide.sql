-- Exactly one fallback who takes leads, every reason weighed, names that rules give, values that
-- can be compared.
with

fallbacks as (

    select 'exactly one active rep must be the fallback' as problem
    from {{ ref('reps') }}
    having
        count(case when is_fallback and is_active then 1 end) <> 1
        or count(case when is_fallback then 1 end) <> 1

),

reasons as (

    select 'every reason needs one weight from 0 to 1' as problem
    from {{ ref('routing_reasons') }}
    having count(*) <> 6 or min(weight) < 0 or max(weight) > 1

),

names as (

    select 'a rep covers a ' || coverage.dimension || ' that no rule gives' as problem
    from {{ ref('rep_coverage') }} as coverage
    left join {{ ref('routing_rules') }} as rules
        on coverage.dimension = rules.dimension and coverage.name = rules.name
    where coverage.name <> '*' and rules.name is null

),

segments as (

    select 'an SLA is for segment ' || sla.segment || ', which no rule gives' as problem
    from {{ ref('routing_sla') }} as sla
    left join {{ ref('routing_rules') }} as rules
        on rules.dimension = 'segment' and sla.segment = rules.name
    where sla.segment <> '*' and rules.name is null

),

minutes as (

    select 'minutes of an SLA must be positive' as problem
    from {{ ref('routing_sla') }}
    where minutes <= 0

),

rules as (

    select 'rule ' || rule_id || ' compares nothing' as problem
    from {{ ref('routing_rules') }}
    where
        (operator <> 'always' and field is null)
        or (operator not in ('always', 'present', 'absent') and value is null)
        or (operator in ('at_least', 'at_most') and {{ first_number('value') }} is null)

),

whole_rules as (

    select 'rule ' || rule_id || ' has several names or priorities' as problem
    from {{ ref('routing_rules') }}
    group by rule_id
    having
        min(dimension) <> max(dimension)
        or min(name) <> max(name)
        or min(priority) <> max(priority)

),

problems as (

    select * from fallbacks
    union all
    select * from reasons
    union all
    select * from names
    union all
    select * from segments
    union all
    select * from minutes
    union all
    select * from rules
    union all
    select * from whole_rules

)

select * from problems
