with

told as (

    select * from {{ ref('int_account_parents_told') }}

),

verdicts as (

    select
        verdicts.node as account_key,
        verdicts.verdict
    from
        {{ parent_verdicts(
            tree=ref('int_account_tree'), deepest=var('most_parents_above_an_account')
        ) }} as verdicts

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
