-- Whoever is new or gone counts: a person who may be contacted is one who may be contacted.
with

held as (

    select
        person_id,
        purpose
    from published.marts.dim_consents
    where status = 'granted'

),

made as (

    select
        person_id,
        purpose
    from preview.marts.dim_consents
    where status = 'granted'

),

changed as (

    select
        coalesce(held.person_id, made.person_id) as person_id,
        coalesce(held.purpose, made.purpose) as purpose,
        held.person_id is null as is_gained
    from held
    full outer join made on held.person_id = made.person_id and held.purpose = made.purpose
    where held.person_id is null or made.person_id is null

)

select
    purpose,
    count(*) filter (where is_gained) as gained,
    count(*) filter (where not is_gained) as lost,
    list(person_id order by person_id) filter (where is_gained) as gained_ids,
    list(person_id order by person_id) filter (where not is_gained) as lost_ids
from changed
group by purpose
order by purpose
