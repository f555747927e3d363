select
    coalesce(held.person_id, made.person_id) as person_id,
    coalesce(held.score, made.score) as score,
    coalesce(held.reached_at, made.reached_at) as reached_at,
    held.mql_id is null as is_gained
from published.marts.fct_mqls as held
full outer join preview.marts.fct_mqls as made on held.mql_id = made.mql_id
where held.mql_id is null or made.mql_id is null
order by reached_at, person_id
