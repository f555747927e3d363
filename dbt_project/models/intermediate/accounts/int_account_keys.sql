with

changes as (

    select
        changes.*,
        domains.domain
    from {{ ref('int_account_changes') }} as changes
    left join {{ ref('int_account_domains') }} as domains
        on changes.domain_given = domains.domain_given

),

named as (

    select
        external_account_id,
        {{ latest('domain') }} as domain
    from changes
    where external_account_id is not null
    group by external_account_id

),

account_keys as (

    select
        changes.event_id,
        coalesce(named.domain, changes.domain, changes.external_account_id) as account_key,
        coalesce(named.domain, changes.domain) as domain
    from changes
    left join named on changes.external_account_id = named.external_account_id

)

select * from account_keys
where account_key is not null
