with

changes as (

    select * from {{ ref('stg_hubspot__company_changes') }}

),

property_map as (

    select * from {{ ref('hubspot_property_map') }}
    where object_type = 'company'

),

mapped as (

    select
        {{ event_columns('changes') }},
        changes.occurred_at,
        'hubspot:' || changes.portal_id || ':' || changes.company_id as external_account_id,
        changes.portal_id,
    {% for field in hubspot_company_fields() %}
        case when property_map.canonical_field = '{{ field }}' then changes.property_value end
            as {{ field }}{{ ',' if not loop.last }}
    {% endfor %}
    from changes
    left join property_map
        on changes.change_type = 'property' and changes.property_name = property_map.property
    where changes.change_type <> 'property' or property_map.canonical_field is not null

),

accounts as (

    select
        {{ event_columns() }},
        occurred_at,
        domain as domain_given,
        external_account_id,
        name,
        industry,
        employees as employees_given,
        revenue as revenue_given,
        country,
        'hubspot:' || portal_id || ':' || parent as parent_given,
        owner as owner_given
    from mapped

)

select * from accounts
