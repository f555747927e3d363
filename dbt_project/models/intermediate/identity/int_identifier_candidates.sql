{% set longest = longest_match_rule() %}

with

rules as (

    select * from {{ ref('int_match_rules') }}

),

fields as (

    select fields.*
    from {{ ref('int_identity_fields') }} as fields
    left join {{ ref('identity_placeholders') }} as placeholders
        on fields.field = placeholders.field and fields.field_value = placeholders.value
    where placeholders.value is null

),

unsteady as (

    select * from {{ ref('int_unsteady_fields') }}

),

-- What a rule of several fields can be made of.
parts as (

    select fields.*
    from fields
    left join unsteady
        on fields.record_id = unsteady.record_id and fields.field = unsteady.field
    where unsteady.record_id is null

),

singles as (

    select
        fields.record_id,
        rules.rule || ':' || fields.field_value as identifier,
        rules.rule,
        rules.strength,
        rules.preference,
        fields.first_told_at
    from rules
    inner join fields on rules.field_1 = fields.field
    where rules.fields = 1

),

joined_1 as (

    select
        rules.rule,
        rules.strength,
        rules.preference,
        {% for position in range(2, longest + 1) %}
            rules.field_{{ position }},
        {% endfor %}
        parts.record_id,
        parts.field_value as joint_value,
        parts.first_told_at
    from rules
    inner join parts on rules.field_1 = parts.field
    where rules.fields > 1

),

{% for position in range(2, longest + 1) %}
    parts_{{ position }} as (

        select * from parts
        where field in (select rules.field_{{ position }} from rules)

    ),

    joined_{{ position }} as (

        select
            joined.rule,
            joined.strength,
            joined.preference,
            {% for later in range(position + 1, longest + 1) %}
                joined.field_{{ later }},
            {% endfor %}
            joined.record_id,
            concat_ws('|', joined.joint_value, parts.field_value) as joint_value,
            greatest(joined.first_told_at, coalesce(parts.first_told_at, joined.first_told_at))
                as first_told_at
        from joined_{{ position - 1 }} as joined
        left join parts_{{ position }} as parts
            on joined.record_id = parts.record_id and joined.field_{{ position }} = parts.field
        where joined.field_{{ position }} is null or parts.field_value is not null

    ),
{% endfor %}

candidates as (

    select * from singles
    union all
    select
        record_id,
        rule || ':' || joint_value as identifier,
        rule,
        strength,
        preference,
        first_told_at
    from joined_{{ longest }}

)

select * from candidates
