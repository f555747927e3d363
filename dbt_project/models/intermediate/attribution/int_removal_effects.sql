with

effects as (

    select
        solved.model,
        solved.channel,
        solved.removal_effect
    from
        {{ markov_removal_effects(transitions=ref('int_channel_transitions')) }} as solved

)

select * from effects
