-- Of each person on both sides whose live score, or which side of the threshold it is on, differs.
with

held as (

    select
        scores.person_id,
        scores.total,
        scores.total >= versions.threshold as is_above
    from published.marts.fct_scores as scores
    inner join published.seeds.score_versions as versions on scores.version = versions.version
    where scores.is_live

),

made as (

    select
        scores.person_id,
        scores.total,
        scores.total >= versions.threshold as is_above
    from preview.marts.fct_scores as scores
    inner join preview.seeds.score_versions as versions on scores.version = versions.version
    where scores.is_live

),

moved as (

    select
        held.person_id,
        made.total - held.total as points,
        made.is_above and not held.is_above as goes_above,
        held.is_above and not made.is_above as goes_below
    from held
    inner join made on held.person_id = made.person_id
    where made.total <> held.total or made.is_above <> held.is_above

)

select
    count(*) filter (where points <> 0) as changed,
    count(*) filter (where points > 0) as up,
    count(*) filter (where points < 0) as down,
    quantile_disc(points, [0, 0.1, 0.5, 0.9, 1]) filter (where points <> 0) as spread,
    count(*) filter (where points <= -25) as down_25_or_more,
    count(*) filter (where points > -25 and points <= -10) as down_10_to_25,
    count(*) filter (where points > -10 and points < 0) as down_under_10,
    count(*) filter (where points > 0 and points < 10) as up_under_10,
    count(*) filter (where points >= 10 and points < 25) as up_10_to_25,
    count(*) filter (where points >= 25) as up_25_or_more,
    count(*) filter (where goes_above) as above,
    count(*) filter (where goes_below) as below,
    list(person_id order by person_id) filter (where goes_above) as above_ids,
    list(person_id order by person_id) filter (where goes_below) as below_ids
from moved
