with

calls as (

    select * from {{ ref('stg_segment__calls') }}
    where event_type = 'group'

),

accounts as (

    select
        {{ event_columns() }},
        occurred_at,
        group_domain as domain_given,
        'segment:' || group_id as external_account_id,
        group_name as name,
        group_industry as industry,
        group_employees as employees_given,
        group_revenue as revenue_given,
        group_country as country,
        'segment:' || group_parent_id as parent_given,
        cast(null as {{ dbt.type_string() }}) as owner_given
    from calls

)

select * from accounts
