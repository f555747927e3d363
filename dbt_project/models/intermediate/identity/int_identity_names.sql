with

told as (

    select
        sayings.record_id,
        sayings.field,
        identity_values.normalised_value,
        identity_values.full_name,
        identity_values.sound,
        sayings.first_told_at
    from {{ ref('int_identity_sayings') }} as sayings
    inner join {{ ref('int_identity_values') }} as identity_values
        on
            sayings.field = identity_values.field
            and sayings.value_given = identity_values.value_given
    where sayings.field in ('first_name', 'last_name')

),

single_names as (

    {% for column, field, named in [
        ('normalised_value', 'first_name', 'first_name_normalised'),
        ('substr(normalised_value, 1, 1)', 'first_name', 'first_initial'),
        ('full_name', 'first_name', 'given_name'),
        ('sound', 'first_name', 'given_name_sound'),
        (dbt.split_part('sound', "' '", 1), 'first_name', 'leading_name_sound'),
        ('normalised_value', 'last_name', 'last_name_normalised'),
        ('sound', 'last_name', 'last_name_sound'),
    ] %}
        select
            record_id,
            '{{ named }}' as field,
            {{ column }} as field_value,
            min(first_told_at) as first_told_at
        from told
        where field = '{{ field }}' and {{ column }} is not null
        group by record_id, {{ column }}
        {{ 'union all' if not loop.last }}
    {% endfor %}

),

-- A record with many names would hold the product of them all.
of_few_names as (

    select *
    from single_names
    where field in ('given_name_sound', 'last_name_sound')
    qualify
        count(*) over (partition by record_id, field) <= {{ var('most_values_of_a_field') }}

),

-- In alphabetical order, since many forms ask for the names the other way round.
full_names as (

    select
        given_names.record_id,
        'full_name_sound' as field,
        least(given_names.field_value, last_names.field_value)
        || ' ' || greatest(given_names.field_value, last_names.field_value) as field_value,
        greatest(given_names.first_told_at, last_names.first_told_at) as first_told_at
    from of_few_names as given_names
    inner join of_few_names as last_names on given_names.record_id = last_names.record_id
    where given_names.field = 'given_name_sound' and last_names.field = 'last_name_sound'

),

names as (

    select * from single_names
    union all
    select * from full_names

)

select * from names
