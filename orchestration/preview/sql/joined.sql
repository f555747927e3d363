-- People by the records they are made of: who would become one, and who would be several.
with

pairs as (

    select distinct
        held.person_id as before_id,
        made.person_id as after_id
    from published.intermediate.int_record_people as held
    inner join preview.intermediate.int_record_people as made
        on held.record_id = made.record_id

)

select
    'merged' as what,
    after_id as person_id,
    list(before_id order by before_id) as others
from pairs
group by after_id
having count(*) > 1
union all
select
    'split' as what,
    before_id as person_id,
    list(after_id order by after_id) as others
from pairs
group by before_id
having count(*) > 1
order by what, person_id
