with

rules as (

    select * from {{ ref('score_rules') }}

),

fit as (

    select
        attributes.person_id,
        rules.version,
        rules.rule_id,
        rules.kind,
        attributes.event_id,
        attributes.field_value as reason,
        rules.points,
        rules.cap,
        attributes.order_key,
        attributes.occurred_at
    from {{ ref('int_person_attributes') }} as attributes
    inner join rules on rules.kind = 'fit' and attributes.field = rules.field
    where
        case rules.operator
            when 'present' then true
            when 'equals' then lower(attributes.field_value) = lower(rules.value)
            when 'has_word' then {{ has_word('attributes.field_value', 'rules.value') }}
            when 'at_least'
                then
                    {{ first_number('attributes.field_value') }}
                    >= {{ first_number('rules.value') }}
        end

),

engagement as (

    select
        record_people.person_id,
        rules.version,
        rules.rule_id,
        rules.kind,
        activities.activity_id as event_id,
        activities.activity_type as reason,
        rules.points,
        rules.cap,
        activities.order_key,
        activities.occurred_at
    from {{ ref('int_activities') }} as activities
    inner join {{ ref('int_record_people') }} as record_people
        on activities.record_id = record_people.record_id
    inner join rules on rules.kind = 'engagement' and activities.activity_type = rules.field

),

earned as (

    select * from fit
    union all
    select * from engagement

),

running as (

    select
        *,
        sum(points) over (
            partition by person_id, version, rule_id
            order by order_key
            rows between unbounded preceding and current row
        ) as points_so_far
    from earned

),

capped as (

    select
        version || ':' || rule_id || ':' || event_id as contribution_id,
        person_id,
        version,
        rule_id,
        kind,
        event_id,
        reason,
        cast(
            case
                when cap is null then points
                else least(points_so_far, cap) - least(points_so_far - points, cap)
            end as integer
        ) as points,
        order_key,
        occurred_at
    from running

)

select * from capped
where points <> 0
