with

requests as (

    select * from {{ ref('int_routing_requests') }}

),

conditions as (

    select * from {{ ref('routing_rules') }}

),

rules as (

    select
        rule_id,
        dimension,
        name,
        priority,
        count(*) as conditions
    from conditions
    group by rule_id, dimension, name, priority

),

met as (

    select
        requests.assignment_id,
        conditions.rule_id,
        count(*) as conditions
    from requests
    cross join conditions
    left join {{ ref('int_routing_facts') }} as facts
        on
            requests.assignment_id = facts.assignment_id
            and conditions.field = facts.field
    where
        case conditions.operator
            when 'always' then true
            when 'present' then facts.field_value is not null
            when 'absent' then facts.field_value is null
            when 'equals' then lower(facts.field_value) = lower(conditions.value)
            when 'in'
                then
                    {{ dbt.position(
                        "'|' || lower(facts.field_value) || '|'",
                        "'|' || lower(conditions.value) || '|'"
                    ) }} > 0
            when 'has_word' then {{ has_word('facts.field_value', 'conditions.value') }}
            when 'at_least'
                then
                    {{ first_number('facts.field_value') }}
                    >= {{ first_number('conditions.value') }}
            when 'at_most'
                then
                    {{ first_number('facts.field_value') }}
                    <= {{ first_number('conditions.value') }}
        end
    group by requests.assignment_id, conditions.rule_id

),

found as (

    select
        met.assignment_id,
        rules.dimension,
        rules.name
    from met
    inner join rules on met.rule_id = rules.rule_id and met.conditions = rules.conditions
    qualify
        row_number() over (
            partition by met.assignment_id, rules.dimension
            order by rules.priority, rules.rule_id
        ) = 1

),

areas as (

    select
        requests.assignment_id,
        requests.person_id,
        max(case when found.dimension = 'territory' then found.name end) as territory,
        max(case when found.dimension = 'product_line' then found.name end) as product_line,
        max(case when found.dimension = 'segment' then found.name end) as segment
    from requests
    left join found on requests.assignment_id = found.assignment_id
    group by requests.assignment_id, requests.person_id

),

named as (

    select
        assignment_id,
        person_id,
        coalesce(territory, '(none)') as territory,
        coalesce(product_line, '(none)') as product_line,
        coalesce(segment, '(none)') as segment
    from areas

)

select * from named
