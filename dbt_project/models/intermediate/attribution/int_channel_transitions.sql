with

steps as (

    select
        model,
        is_conversion,
        position,
        channel,
        lead(channel) over (
            partition by model, is_conversion, path_id
            order by position
        ) as next_channel
    from {{ ref('int_learning_paths') }}
    where method = 'markov'

),

transitions as (

    select
        model,
        channel as from_state,
        coalesce(
            next_channel, case when is_conversion then '(conversion)' else '(null)' end
        ) as to_state,
        count(*) as transitions
    from steps
    group by 1, 2, 3
    union all
    select
        model,
        '(start)' as from_state,
        channel as to_state,
        count(*) as transitions
    from steps
    where position = 1
    group by 1, 2, 3

)

select * from transitions
