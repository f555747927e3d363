with

facts as (

    select * from {{ ref('int_account_facts') }}

),

known as (

    select
        changes.external_account_id,
        max(account_keys.account_key) as account_key
    from {{ ref('int_account_changes') }} as changes
    inner join {{ ref('int_account_keys') }} as account_keys
        on changes.event_id = account_keys.event_id
    where changes.external_account_id is not null
    group by changes.external_account_id

),

resolved as (

    select
        facts.account_key,
        facts.parent_given,
        coalesce(known.account_key, domains.domain) as parent_key
    from facts
    left join known on facts.parent_given = known.external_account_id
    left join {{ ref('int_account_domains') }} as domains
        on lower(facts.parent_given) = domains.domain_given
    where facts.parent_given is not null

),

-- Two entries of one domain in a CRM are one account here: neither is above the other.
told as (

    select
        account_key,
        parent_given,
        parent_key
    from resolved
    where parent_key is null or parent_key <> account_key

)

select * from told
