with

mqls as (

    select * from {{ ref('fct_mqls') }}
    where not is_historical

),

people as (

    select
        person_id,
        coalesce(nullif(concat_ws(' ', first_name, last_name), ''), email, phone) as person_name,
        ' (' || nullif(concat_ws(', ', job_title, company), '') || ')' as role
    from {{ ref('dim_people') }}
    where email is not null or phone is not null

),

assignments as (

    select * from {{ ref('fct_assignments') }}

),

calls as (

    select
        mqls.mql_id,
        mqls.person_id,
        'Call ' || people.person_name || ': score ' || mqls.score as subject,
        people.person_name || coalesce(people.role, '')
        || ' reached a score of ' || mqls.score || '; the threshold is ' || mqls.threshold || '.'
        || coalesce(' Owner: ' || assignments.rep_name || '.', '') as body,
        assignments.hubspot_owner_id,
        coalesce(assignments.sla_due_at, mqls.reached_at) as due_at,
        mqls.reached_at,
        mqls.correlation_id
    from mqls
    inner join people on mqls.person_id = people.person_id
    left join assignments on mqls.mql_id = assignments.mql_id

)

select * from calls
