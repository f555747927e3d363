{% set value_of = "case when property_map.canonical_field = '%s' then changes.property_value end" %}
{% set given = {'hubspot_contact_id': 'changes.contact_id'} %}
{% for field in hubspot_contact_fields() %}
    {% do given.update({field: value_of % field}) %}
{% endfor %}
{% do given.update({'salesforce_id': salesforce_id(given['salesforce_id'])}) %}

with

changes as (

    select * from {{ ref('stg_hubspot__contact_changes') }}

),

property_map as (

    select * from {{ ref('hubspot_property_map') }}
    where object_type = 'contact'

),

contact_merges as (

    select * from {{ ref('stg_hubspot__contact_merges') }}

),

told_by_changes as (

    select
        {{ event_columns('changes') }},
        changes.occurred_at,
        'hubspot:' || changes.portal_id || ':' || changes.contact_id as record_id,
        {{ contact_columns(given) }}
    from changes
    left join property_map
        on changes.change_type = 'property' and changes.property_name = property_map.property
    where changes.change_type <> 'property' or property_map.canonical_field is not null

),

told_by_merges as (

    select
        {{ event_columns() }},
        occurred_at,
        'hubspot:' || portal_id || ':' || surviving_contact_id as record_id,
        {{ contact_columns({'hubspot_contact_id': 'surviving_contact_id'}) }}
    from contact_merges

),

contacts as (

    select * from told_by_changes
    union all
    select * from told_by_merges

)

select * from contacts
