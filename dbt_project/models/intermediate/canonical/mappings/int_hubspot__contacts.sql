{% set value_of = "case when property_map.canonical_field = '%s' then changes.property_value end" %}

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
        {{ contact_columns({
            'hubspot_contact_id': 'changes.contact_id',
            'email': value_of % 'email',
            'phone': value_of % 'phone',
            'first_name': value_of % 'first_name',
            'last_name': value_of % 'last_name',
            'company': value_of % 'company',
            'job_title': value_of % 'job_title',
            'country': value_of % 'country',
            'employees': value_of % 'employees',
        }) }}
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
