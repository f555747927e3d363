with

changes as (

    select
        account_keys.account_key,
        account_keys.domain,
        changes.*
    from {{ ref('int_account_changes') }} as changes
    inner join {{ ref('int_account_keys') }} as account_keys
        on changes.event_id = account_keys.event_id

),

countries as (

    select * from {{ ref('enum_registry') }}
    where picklist = 'country'

),

folded as (

    select
        account_key,
        max(domain) as domain,
        {% for field in ['name', 'industry', 'country', 'parent_given', 'owner_given'] %}
            {{ latest(field) }} as {{ field }},
        {% endfor %}
        {{ latest(first_number('employees_given')) }} as employees,
        {{ latest(try_to('revenue_given', 'decimal(18, 2)')) }} as annual_revenue,
        min(occurred_at) as first_told_at,
        max(occurred_at) as last_told_at,
        max(order_key) as order_key
    from changes
    group by account_key

),

facts as (

    select
        {{ account_id_of('folded.account_key') }} as account_id,
        folded.account_key,
        folded.domain,
        folded.name,
        folded.industry,
        folded.employees,
        folded.annual_revenue,
        coalesce(countries.canonical_value, folded.country) as country,
        folded.parent_given,
        folded.owner_given as owner,
        folded.order_key,
        folded.first_told_at,
        folded.last_told_at
    from folded
    left join countries on lower(folded.country) = countries.value

)

select * from facts
