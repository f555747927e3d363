{% set sums = [
    'people', 'mqls', 'score_sum', 'open_opportunities', 'won_opportunities', 'open_pipeline',
    'won_value', 'opportunities_in_other_currencies',
] %}
{% set types = {'open_pipeline': 'decimal(18, 2)', 'won_value': 'decimal(18, 2)'} %}

with

facts as (

    select * from {{ ref('int_account_facts') }}

),

parents as (

    select * from {{ ref('int_account_parents') }}

),

ancestors as (

    select * from {{ ref('int_account_ancestors') }}

),

figures as (

    select * from {{ ref('int_account_figures') }}

),

-- Companies that somebody told of, that are somebody's parent, or whose people we know.
accounts as (

    select
        account_id,
        domain
    from facts
    union
    select
        parent_account_id as account_id,
        case when parent_key like '%:%' then null else parent_key end as domain
    from parents
    where code is null
    union
    select
        account_id,
        company_domain as domain
    from {{ ref('dim_people') }}
    where account_id is not null

),

roots as (

    select
        account_id,
        {{ latest('ancestor_id', 'height') }} as root_account_id
    from ancestors
    group by account_id

),

below as (

    select
        account_id,
        account_id as ancestor_id
    from accounts
    union all
    select
        account_id,
        ancestor_id
    from ancestors

),

with_children as (

    select
        below.ancestor_id as account_id,
        count(*) - 1 as accounts_below,
        {% for figure in sums %}
            sum(figures.{{ figure }}) as {{ figure }},
        {% endfor %}
        max(figures.score_max) as score_max
    from below
    left join figures on below.account_id = figures.account_id
    group by below.ancestor_id

),

described as (

    select
        accounts.account_id,
        accounts.domain,
        facts.name,
        facts.industry,
        cast(facts.employees as bigint) as employees,
        facts.annual_revenue,
        facts.country,
        facts.owner,
        case when parents.code is null then parents.parent_account_id end as parent_account_id,
        coalesce(roots.root_account_id, accounts.account_id) as root_account_id,
        parents.code as parent_refused,
        {% for figure in sums %}
            cast(coalesce(figures.{{ figure }}, 0) as {{ types.get(figure, 'bigint') }})
                as {{ figure }},
            cast(coalesce(with_children.{{ figure }}, 0) as {{ types.get(figure, 'bigint') }})
                as total_{{ figure }},
        {% endfor %}
        cast(figures.score_max as integer) as score_max,
        cast(with_children.score_max as integer) as total_score_max,
        cast(with_children.accounts_below as bigint) as accounts_below,
        facts.first_told_at,
        facts.last_told_at
    from accounts
    left join facts on accounts.account_id = facts.account_id
    left join parents on accounts.account_id = parents.account_id
    left join roots on accounts.account_id = roots.account_id
    left join figures on accounts.account_id = figures.account_id
    left join with_children on accounts.account_id = with_children.account_id

)

select * from described
