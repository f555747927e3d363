with

given as (

    select distinct
        field,
        value_given
    from {{ ref('int_identity_sayings') }}
    where
        field in (
            'salesforce_id', 'first_name', 'last_name', 'company', 'street', 'city', 'state',
            'postcode'
        )

),

normalised as (

    select
        field,
        value_given,
        {{ identity_key('field', 'value_given') }} as normalised_value
    from given

),

-- A single letter is an initial, not a name.
with_full_names as (

    select
        normalised.field,
        normalised.value_given,
        normalised.normalised_value,
        case
            when length(normalised.normalised_value) = 1 then null
            when normalised.field = 'last_name' then normalised.normalised_value
            when normalised.field = 'first_name'
                then coalesce(variants.given_name, normalised.normalised_value)
        end as full_name
    from normalised
    left join {{ ref('given_name_variants') }} as variants
        on normalised.field = 'first_name' and normalised.normalised_value = variants.variant

),

with_sounds as (

    select
        *,
        {{ name_sound('full_name') }} as sound
    from with_full_names

)

select * from with_sounds
where normalised_value is not null
