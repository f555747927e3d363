{% set columns = event_columns() ~ ', occurred_at, domain_given, external_account_id, name,'
    ~ ' industry, employees_given, revenue_given, country, parent_given, owner_given' %}

with

told as (

    {{ union_mappings('accounts', columns) }}

),

refused as (

    select * from {{ ref('int_refused_events') }}

),

changes as (

    select
        told.event_id,
        told.source,
        told.external_account_id,
        lower(told.domain_given) as domain_given,
        told.name,
        told.industry,
        told.employees_given,
        told.revenue_given,
        upper(told.country) as country,
        told.parent_given,
        told.owner_given,
        {{ order_key_in('told') }} as order_key,
        told.occurred_at
    from told
    left join refused on told.position = refused.position
    where
        refused.position is null
        and (told.domain_given is not null or told.external_account_id is not null)

)

select * from changes
