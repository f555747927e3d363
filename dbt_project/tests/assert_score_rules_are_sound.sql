-- A rule that nobody could score by: it would silently give no points, or break the build.
with

rules as (

    select
        rules.*,
        {{ try_to('rules.points', 'decimal(12, 2)') }} as points_read,
        {{ try_to('rules.half_life_days', 'integer') }} as half_life_read,
        {{ try_to('rules.cap', 'decimal(12, 2)') }} as cap_read,
        fields.field as known_field
    from {{ ref('score_rules') }} as rules
    left join {{ ref('score_fields') }} as fields
        on rules.kind = fields.kind and rules.field = fields.field

),

problems as (

    select
        version,
        rule_id,
        case
            when known_field is null then 'the field is not known'
            when points_read is null then 'points is not a number'
            when abs(points_read) > 1000 then 'points is over 1000'
            when
                (kind = 'engagement') <> (operator in ('happened', 'on_page'))
                then 'the operator does not go with the kind'
            when
                operator in ('present', 'absent', 'happened') and value is not null
                then 'the operator takes no value'
            when
                operator not in ('present', 'absent', 'happened') and value is null
                then 'the operator needs a value'
            when
                operator in ('at_least', 'at_most')
                and {{ first_number('rules.value') }} is null
                then 'the value is not a number'
            when
                kind = 'fit' and (half_life_days is not null or cap is not null)
                then 'a fit rule has no half-life and no cap'
            when
                half_life_days is not null
                and (half_life_read is null or half_life_read not between 7 and 3650)
                then 'half_life_days is not a whole number from 7 to 3650'
            when
                cap is not null
                and (cap_read is null or points_read * cap_read <= 0
                or abs(cap_read) < abs(points_read))
                then 'the cap does not hold one occurrence'
        end as problem
    from rules

)

select * from problems
where problem is not null
