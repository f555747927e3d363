with recursive

sound as (

    select
        account_id,
        account_key,
        parent_account_id
    from {{ ref('int_account_parents') }}
    where code is null

),

ancestors as (

    select
        account_id,
        parent_account_id as ancestor_id,
        1 as height
    from sound
    union all
    select
        ancestors.account_id,
        sound.parent_account_id as ancestor_id,
        ancestors.height + 1 as height
    from ancestors
    inner join sound on ancestors.ancestor_id = sound.account_id

)

select * from ancestors
