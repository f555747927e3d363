-- One row for each record: what the probabilistic model compares. Values that stand for nobody
-- (placeholders, shared mailboxes) are left out, and so are names in letters other than Latin:
-- they cannot be compared by spelling.
with

refused as (

    select identifier from intermediate.int_refused_identifiers

),

fields as (

    select
        fields.record_id,
        fields.field,
        fields.field_value
    from intermediate.int_identity_fields as fields
    left join refused
        on
            refused.identifier = fields.field || ':' || fields.field_value
            or refused.identifier = 'email:' || fields.field_value
    where refused.identifier is null

),

wide as (

    select
        record_id,
        max(field_value) filter (field = 'given_name') as given_name,
        max(field_value) filter (field = 'first_initial') as initial,
        max(field_value) filter (field = 'first_name_normalised') as first_name,
        max(field_value) filter (field = 'last_name_normalised') as last_name,
        max(field_value) filter (field = 'given_name_sound') as given_name_sound,
        max(field_value) filter (field = 'last_name_sound') as last_name_sound,
        max(field_value) filter (field = 'full_name_sound') as full_name_sound,
        max(field_value) filter (field = 'birth_date') as birth_date,
        max(field_value) filter (field = 'email_normalised') as email,
        max(field_value) filter (field = 'phone') as phone,
        max(field_value) filter (field = 'street_normalised') as street,
        max(field_value) filter (field = 'postcode_normalised') as postcode,
        max(field_value) filter (field = 'city_normalised') as city,
        max(field_value) filter (field = 'company_normalised') as company
    from fields
    group by record_id

),

compared as (

    select
        record_id,
        case when first_name similar to '[a-z ]+' then coalesce(given_name, initial) end
            as given_name,
        case when first_name similar to '[a-z ]+' then given_name_sound end as given_name_sound,
        case when last_name similar to '[a-z ]+' then last_name end as last_name,
        case when last_name similar to '[a-z ]+' then last_name_sound end as last_name_sound,
        case when full_name_sound similar to '[a-z ]+' then full_name_sound end
            as full_name_sound,
        birth_date,
        email,
        phone,
        right(phone, 7) as phone_end,
        street,
        nullif(regexp_extract(street, '[0-9]+'), '') || ' '
        || nullif(regexp_extract(street, '[a-z]{3,}'), '') as street_start,
        postcode,
        company,
        coalesce(first_name, last_name) is null as is_organisation
    from wide

)

-- What one record of a person tells of the birth date holds for the others.
select
    compared.* exclude (birth_date),
    record_people.person_id,
    coalesce(compared.birth_date, max(compared.birth_date) over (partition by record_people.person_id))
        as birth_date
from compared
inner join intermediate.int_record_people as record_people using (record_id)
order by compared.record_id
