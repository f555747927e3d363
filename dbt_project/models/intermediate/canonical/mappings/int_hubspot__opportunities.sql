with

changes as (

    select * from {{ ref('stg_hubspot__deal_changes') }}

),

property_map as (

    select * from {{ ref('hubspot_property_map') }}
    where object_type = 'deal'

),

mapped as (

    select
        {{ event_columns('changes') }},
        changes.occurred_at,
        'hubspot:' || changes.portal_id || ':' || changes.deal_id as opportunity_id,
        changes.change_type,
        changes.property_value,
        property_map.canonical_field
    from changes
    left join property_map
        on changes.change_type = 'property' and changes.property_name = property_map.property

),

opportunities as (

    select
        {{ event_columns() }},
        occurred_at,
        opportunity_id,
        change_type = 'deletion' as is_deleted,
        change_type = 'property' and canonical_field is null as is_unmapped,
        case when canonical_field = 'name' then property_value end as name,
        case
            when canonical_field = 'stage' then lower(coalesce(property_value, ''))
        end as stage_given,
        case when canonical_field = 'amount' then property_value end as amount_given,
        case when canonical_field = 'currency' then upper(property_value) end as currency,
        case when canonical_field = 'closed_at' then property_value end as closed_at_given,
        '/propertyValue' as stage_path,
        '/propertyValue' as amount_path,
        '/propertyValue' as currency_path,
        '/propertyValue' as closed_at_path
    from mapped

)

select * from opportunities
