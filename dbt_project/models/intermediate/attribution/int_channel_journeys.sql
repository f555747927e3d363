with

channels as (

    select
        model,
        method,
        path_id,
        is_conversion,
        channel,
        count(*) as touches,
        min(position) as first_position
    from {{ ref('int_learning_paths') }}
    where method in ('shapley_path', 'shapley_value')
    group by model, method, path_id, is_conversion, channel

),

-- Where the order is part of the game, by first touch; else by name, so that a set is one text.
placed as (

    select
        *,
        row_number() over (
            partition by model, is_conversion, path_id
            order by case when method = 'shapley_path' then first_position else 0 end, channel
        ) as place
    from channels

),

journeys as (

    select
        model,
        method,
        path_id,
        is_conversion,
        {{ joined_in_order('channel', "' > '", 'place') }} as path
    from placed
    group by model, method, path_id, is_conversion

)

select * from journeys
