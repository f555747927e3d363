{% set fields = hubspot_contact_fields() + hubspot_company_fields() + hubspot_deal_fields() %}

with

properties as (

    select * from {{ ref('stg_hubspot__record_properties') }}

),

mapped as (

    select
        properties.event_id,
        properties.property_name,
        properties.property_value,
        property_map.canonical_field,
        -- Of two properties that mean one field, phone and mobilephone say, the later in the
        -- alphabet counts.
        properties.property_name || ' ' || properties.property_value as preference
    from properties
    left join {{ ref('hubspot_property_map') }} as property_map
        on
            properties.object_type = property_map.object_type
            and properties.property_name = property_map.property

),

record_fields as (

    select
        event_id,
        {% for field in (fields + ['email_opt_out']) | unique %}
            {{ latest(
                "case when canonical_field = '" ~ field ~ "' then property_value end", 'preference'
            ) }} as {{ field }},
        {% endfor %}
        max(case when property_name = 'hs_is_closed' then property_value end) as is_closed,
        max(case when property_name = 'hs_is_closed_won' then property_value end) as is_won
    from mapped
    group by event_id

)

select * from record_fields
