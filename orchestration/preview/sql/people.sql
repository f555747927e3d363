select
    (select count(*) from published.marts.dim_people) as people_before,
    (select count(*) from preview.marts.dim_people) as people_after
