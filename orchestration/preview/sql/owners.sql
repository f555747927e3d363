-- Current assignments by the MQL they are for, so that a merge of people is no change of owner.
with

held as (

    select
        mql_id,
        person_id,
        rep_id
    from published.marts.fct_assignments
    where is_current

),

made as (

    select
        mql_id,
        person_id,
        rep_id
    from preview.marts.fct_assignments
    where is_current

)

select
    held.rep_id as before,
    made.rep_id as after,
    count(*) as people
from held
full outer join made on held.mql_id = made.mql_id
where held.rep_id is distinct from made.rep_id
group by held.rep_id, made.rep_id
order by people desc, before asc, after asc
