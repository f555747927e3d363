with

owners as (

    select
        golden.company_domain,
        owners.rep_id,
        owners.owner_since
    from {{ ref('int_person_owners') }} as owners
    inner join {{ ref('int_golden_records') }} as golden on owners.person_id = golden.person_id
    where golden.company_domain is not null
    qualify
        row_number() over (
            partition by golden.company_domain
            order by owners.owner_since, owners.person_id
        ) = 1

)

select * from owners
