with

attributes as (

    select * from {{ ref('int_person_attributes') }}

),

rules as (

    select * from {{ ref('int_score_rules') }}
    where kind = 'fit'

),

listed as (

    select
        'competitor_domains' as list,
        lower(domain) as entry
    from {{ ref('competitor_domains') }}

),

distinct_values as (

    select distinct
        field,
        field_value
    from attributes

),

matches as (

    select
        distinct_values.field,
        distinct_values.field_value,
        rules.version,
        rules.rule_id,
        rules.points
    from distinct_values
    inner join rules on distinct_values.field = rules.field
    left join listed
        on
            rules.operator = 'listed'
            and lower(rules.value) = listed.list
            and lower(distinct_values.field_value) = listed.entry
    where
        case rules.operator
            when 'present' then distinct_values.field_value is not null
            when 'absent' then distinct_values.field_value is null
            when 'equals' then lower(distinct_values.field_value) = lower(rules.value)
            when 'not_equals' then lower(distinct_values.field_value) <> lower(rules.value)
            when 'in'
                then
                    {{ dbt.position(
                        "'|' || lower(distinct_values.field_value) || '|'",
                        "'|' || lower(rules.value) || '|'"
                    ) }} > 0
            when 'has_word' then {{ has_word('distinct_values.field_value', 'lower(rules.value)') }}
            when 'listed' then listed.entry is not null
            when 'at_least'
                then
                    {{ first_number('distinct_values.field_value') }}
                    >= {{ first_number('rules.value') }}
            when 'at_most'
                then
                    {{ first_number('distinct_values.field_value') }}
                    <= {{ first_number('rules.value') }}
        end

),

fit as (

    select
        attributes.person_id,
        matches.version,
        matches.rule_id,
        attributes.event_id,
        attributes.field_value as reason,
        matches.points,
        attributes.order_key,
        attributes.occurred_at,
        attributes.next_event_id,
        attributes.next_order_key,
        attributes.next_occurred_at
    from attributes
    inner join matches
        on
            attributes.field = matches.field
            and attributes.field_value is not distinct from matches.field_value

)

select * from fit
