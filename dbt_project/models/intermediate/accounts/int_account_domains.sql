with

changes as (

    select * from {{ ref('int_account_changes') }}

),

given as (

    select domain_given
    from changes
    where domain_given is not null
    union
    select lower(parent_given) as domain_given
    from changes
    where parent_given like '%.%'

),

registered as (

    select
        domain_given,
        {{ registrable_domain('domain_given') }} as domain
    from given

),

anybodys as (

    select domain from {{ ref('free_email_domains') }}
    union
    select domain from {{ ref('disposable_email_domains') }}

),

domains as (

    select registered.*
    from registered
    left join anybodys on registered.domain = anybodys.domain
    where registered.domain is not null and anybodys.domain is null

)

select * from domains
