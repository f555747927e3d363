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

known as (

    {% for field in known %}
        select '{{ field }}' as field
        {{ 'union all' if not loop.last }}
    {% endfor %}

),

problems as (

    select 'the rule ' || rules.rule || ' names the unknown field ' || rules.field as problem
    from rules
    left join known on rules.field = known.field
    where known.field is null
    union all
    select
        'the limit of the rule ' || limits.rule || ' names the unknown field ' || limits.field
            as problem
    from limits
    left join known on limits.field = known.field
    where known.field is null
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

known_fields as (

    select {{ joined_text('field', "', '") }} as names
    from known

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
        'MATCH_RULE_INVALID: ' || verdict.problem || '. Known fields: ' || known_fields.names || '.'
            as refusal
    from by_rule
    cross join verdict
    cross join known_fields

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
    where case when refusal is not null then {{ refuse('refusal') }} end is null

)

select * from match_rules
