with

shares as (

    select
        solved.model,
        solved.path,
        solved.channel,
        solved.share
    from
        {{ shapley_shares(paths=ref('int_path_summaries')) }} as solved

)

select * from shares
