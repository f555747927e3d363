{% set known = identity_field_names() %}
{% set longest = longest_match_rule() %}

with

rules as (

    select * from {{ ref('match_rules') }}

),

limits as (

    select * from {{ ref('match_rule_limits') }}

),

rule_sizes as (

    select
        rule,
        count(*) as fields,
        min(position) as first_position,
        max(position) as last_position,
        count(distinct strength) as strengths
    from rules
    group by rule

),

problems as (

    select 'the rule ' || rule || ' names the unknown field ' || field as problem
    from rules
    where field not in ({{ quoted(known) }})
    union all
    select 'the limit of the rule ' || rule || ' names the unknown field ' || field as problem
    from limits
    where field not in ({{ quoted(known) }})
    union all
    select 'match_rule_limits names the unknown rule ' || limits.rule as problem
    from limits
    left join rule_sizes on limits.rule = rule_sizes.rule
    where rule_sizes.rule is null
    union all
    select
        'the rule ' || rule || ' needs one strength, and fields at the positions 1 to at most '
        || '{{ longest }} without a gap' as problem
    from rule_sizes
    where first_position <> 1 or last_position <> fields or fields > {{ longest }} or strengths <> 1

),

verdict as (

    select min(problem) as problem
    from problems

),

by_rule as (

    select
        rule,
        strength,
        {% for position in range(1, longest + 1) %}
            max(case when position = {{ position }} then field end) as field_{{ position }},
        {% endfor %}
        count(*) as fields
    from rules
    group by rule, strength

),

checked as (

    select
        by_rule.*,
        case
            when verdict.problem is not null
                then {{ refuse(
                    "'MATCH_RULE_INVALID: ' || verdict.problem || '. Known fields: "
                    ~ known | join(', ') ~ '.' ~ "'"
                ) }}
        end as problem
    from by_rule
    cross join verdict

),

match_rules as (

    select
        rule,
        strength,
        case strength when 'strong' then 1 when 'single' then 2 else 3 end as preference,
        {% for position in range(1, longest + 1) %}
            field_{{ position }},
        {% endfor %}
        fields
    from checked
    where problem is null

)

select * from match_rules
