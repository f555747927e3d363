with

given as (

    select distinct email as email_given
    from (
        {{ union_mappings('contacts', 'email') }}
    ) as contacts
    where email is not null

),

normalised as (

    select
        email_given,
        {{ display_email('email_given') }} as email,
        {{ normalise_email('email_given') }} as email_normalised
    from given

),

with_domains as (

    select
        *,
        {{ registrable_domain('email_normalised') }} as email_domain
    from normalised

),

-- A domain that anybody can have a mailbox at says nothing about a company.
anybodys as (

    select domain from {{ ref('free_email_domains') }}
    union
    select domain from {{ ref('disposable_email_domains') }}

),

with_company_domains as (

    select
        with_domains.*,
        case when anybodys.domain is null then with_domains.email_domain end as company_domain
    from with_domains
    left join anybodys on with_domains.email_domain = anybodys.domain

)

select * from with_company_domains
