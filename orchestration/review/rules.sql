-- When each rule last did something, by the published copy. Match and score rules hold for all
-- events ever, so their last effect is that of the rule as it stands now.
with

match_rules as (

    select
        'match rule' as thing,
        rules.rule as name,
        max(merges.merged_at) as last_at
    from intermediate.int_match_rules as rules
    left join marts.fct_merges as merges on rules.rule = merges.rule
    group by rules.rule

),

score_rules as (

    select
        'score rule' as thing,
        rules.version || ':' || rules.rule_id as name,
        max(contributions.occurred_at) as last_at
    from intermediate.int_score_rules as rules
    left join intermediate.int_score_contributions as contributions
        on rules.version = contributions.version and rules.rule_id = contributions.rule_id
    group by rules.version, rules.rule_id

),

areas as (

    select
        'territory' as dimension,
        territory as name,
        assigned_at
    from marts.fct_assignments
    union all
    select
        'product_line' as dimension,
        product_line as name,
        assigned_at
    from marts.fct_assignments
    union all
    select
        'segment' as dimension,
        segment as name,
        assigned_at
    from marts.fct_assignments

),

routing_rules as (

    select
        'routing rule' as thing,
        rules.dimension || ':' || rules.name as name,
        max(areas.assigned_at) as last_at
    from seeds.routing_rules as rules
    left join areas on rules.dimension = areas.dimension and rules.name = areas.name
    group by rules.dimension, rules.name

)

select * from match_rules
union all
select * from score_rules
union all
select * from routing_rules
order by thing, name
