with

told as (

    select * from {{ ref('int_account_parents_told') }}

),

-- parent_verdicts reads it.
tree as (  -- noqa: ST03

    select
        account_key as node,
        parent_key as parent
    from told
    union all
    select
        parents.parent_key as node,
        cast(null as {{ dbt.type_string() }}) as parent
    from told as parents
    left join told on parents.parent_key = told.account_key
    where parents.parent_key is not null and told.account_key is null
    group by parents.parent_key

),

verdicts as (

    select
        verdicts.node as account_key,
        verdicts.verdict
    from
        {{ parent_verdicts(tree='tree', deepest=var('most_parents_above_an_account')) }} as verdicts

),

judged as (

    select
        {{ account_id_of('told.account_key') }} as account_id,
        told.account_key,
        case when told.parent_key is not null then {{ account_id_of('told.parent_key') }} end
            as parent_account_id,
        told.parent_key,
        case
            when told.parent_key is null then 'ACCOUNT_PARENT_UNKNOWN'
            when verdicts.verdict = 'cycle' then 'ACCOUNT_PARENT_CYCLE'
            when verdicts.verdict = 'too_deep' then 'ACCOUNT_PARENT_TOO_DEEP'
        end as code
    from told
    left join verdicts on told.account_key = verdicts.account_key

)

select * from judged
