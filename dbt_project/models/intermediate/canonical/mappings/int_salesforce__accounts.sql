with

told as (

    select * from {{ ref('stg_salesforce__accounts') }}

),

accounts as (

    select
        {{ event_columns() }},
        occurred_at,
        website as domain_given,
        {{ salesforce_record('organization_id', 'object_id') }} as external_account_id,
        name,
        industry,
        employees as employees_given,
        annual_revenue as revenue_given,
        country,
        {{ salesforce_record('organization_id', 'parent_id') }} as parent_given,
        owner_id as owner_given
    from told

)

select * from accounts
