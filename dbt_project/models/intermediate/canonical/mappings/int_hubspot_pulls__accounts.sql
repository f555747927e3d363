with

records as (

    select * from {{ ref('stg_hubspot__records') }}
    where object_type = 'company'

),

record_fields as (

    select * from {{ ref('int_hubspot_record_fields') }}

),

accounts as (

    select
        {{ event_columns('records') }},
        records.occurred_at,
        record_fields.domain as domain_given,
        'hubspot:' || records.portal_id || ':' || records.object_id as external_account_id,
        record_fields.name,
        record_fields.industry,
        record_fields.employees as employees_given,
        record_fields.revenue as revenue_given,
        record_fields.country,
        'hubspot:' || records.portal_id || ':' || record_fields.parent as parent_given,
        record_fields.owner as owner_given
    from records
    left join record_fields on records.event_id = record_fields.event_id

)

select * from accounts
