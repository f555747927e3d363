with

candidates as (

    select * from {{ ref('int_identifier_candidates') }}

),

refused as (

    select * from {{ ref('int_refused_identifiers') }}

),

identifiers as (

    select candidates.*
    from candidates
    left join refused
        on candidates.identifier = refused.identifier and candidates.rule = refused.rule
    where refused.identifier is null

)

select * from identifiers
