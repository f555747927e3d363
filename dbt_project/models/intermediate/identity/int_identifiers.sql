with

rules as (

    select
        rule,
        strength,
        max(case when position = 1 then field end) as first_field,
        max(case when position = 2 then field end) as second_field,
        max(case when position = 3 then field end) as third_field
    from {{ ref('match_rules') }}
    group by rule, strength

),

fields as (

    select * from {{ ref('int_identity_fields') }}

),

matched as (

    select
        rules.rule,
        rules.strength,
        first_fields.record_id,
        rules.rule || ':' || concat_ws(
            '|',
            first_fields.field_value,
            second_fields.field_value,
            third_fields.field_value
        ) as identifier
    from rules
    inner join fields as first_fields
        on rules.first_field = first_fields.field
    left join fields as second_fields
        on
            rules.second_field = second_fields.field
            and first_fields.record_id = second_fields.record_id
    left join fields as third_fields
        on
            rules.third_field = third_fields.field
            and first_fields.record_id = third_fields.record_id
    where
        (rules.second_field is null or second_fields.field_value is not null)
        and (rules.third_field is null or third_fields.field_value is not null)

),

identifiers as (

    select
        matched.record_id,
        matched.identifier,
        matched.rule,
        matched.strength,
        records.first_occurred_at
    from matched
    inner join {{ ref('int_contact_records') }} as records
        on matched.record_id = records.record_id

)

select * from identifiers
