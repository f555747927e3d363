with

items as (

    select
        assignment_id,
        mql_id,
        person_id,
        rep_id as chosen_rep_id,
        {{ json_items('candidates', '$') }} as item
    from {{ ref('int_assignment_decisions') }}

),

decided as (

    select
        assignment_id,
        mql_id,
        person_id,
        {{ json_text('item', '$.rep_id') }} as rep_id,
        chosen_rep_id,
        {{ json_text('item', '$.reasons') }} as reasons,
        {{ try_to(json_text('item', '$.open_load'), 'integer') }} as open_load,
        {{ try_to(json_text('item', '$.capacity'), 'integer') }} as capacity,
        {{ try_to(json_text('item', '$.rank'), 'integer') }} as candidate_rank,
        true as is_decided
    from items

),

undecided as (

    select
        ranking.assignment_id,
        choices.mql_id,
        choices.person_id,
        ranking.rep_id,
        choices.rep_id as chosen_rep_id,
        ranking.reasons,
        ranking.open_load,
        ranking.capacity,
        ranking.candidate_rank,
        false as is_decided
    from {{ ref('int_routing_ranking') }} as ranking
    inner join {{ ref('int_routing_choices') }} as choices
        on ranking.assignment_id = choices.assignment_id

),

unioned as (

    select * from decided
    union all
    select * from undecided

),

candidates as (

    select
        assignment_id,
        mql_id,
        person_id,
        rep_id,
        candidate_rank is not null as is_eligible,
        rep_id = chosen_rep_id as is_chosen,
        is_decided,
        reasons,
        open_load,
        capacity,
        candidate_rank
    from unioned

)

select * from candidates
