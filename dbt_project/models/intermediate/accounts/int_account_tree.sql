with

told as (

    select * from {{ ref('int_account_parents_told') }}

),

tops as (

    select distinct parents.parent_key
    from told as parents
    left join told as children on parents.parent_key = children.account_key
    where parents.parent_key is not null and children.account_key is null

),

tree as (

    select
        account_key as node,
        parent_key as parent
    from told
    union all
    select
        parent_key as node,
        cast(null as {{ dbt.type_string() }}) as parent
    from tops

)

select * from tree
