with

updates as (

    select * from {{ ref('stg_standard__accounts') }}

),

accounts as (

    select
        {{ event_columns() }},
        occurred_at,
        domain as domain_given,
        source || ':' || account_id as external_account_id,
        name,
        industry,
        employees as employees_given,
        annual_revenue as revenue_given,
        country,
        -- A domain, or the sender's own id.
        case when parent like '%.%' then parent else source || ':' || parent end as parent_given,
        owner as owner_given
    from updates

)

select * from accounts
