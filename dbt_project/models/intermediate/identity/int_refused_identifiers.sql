with

candidates as (

    select * from {{ ref('int_identifier_candidates') }}

),

mailboxes as (

    select distinct
        'email:' || email_normalised as identifier,
        {{ dbt.split_part('email_normalised', "'@'", 1) }} as local_part,
        email_domain
    from {{ ref('int_emails') }}
    where email_normalised is not null

),

of_everybody as (

    select
        mailboxes.identifier,
        case
            when role_mailboxes.local_part is not null then 'role_mailbox'
            else 'disposable_domain'
        end as reason
    from mailboxes
    left join {{ ref('role_mailboxes') }} as role_mailboxes
        on mailboxes.local_part = role_mailboxes.local_part
    left join {{ ref('disposable_email_domains') }} as disposable_domains
        on mailboxes.email_domain = disposable_domains.domain
    where role_mailboxes.local_part is not null or disposable_domains.domain is not null

),

of_a_value as (

    select distinct
        candidates.identifier,
        candidates.rule,
        of_everybody.reason
    from candidates
    inner join of_everybody on candidates.identifier = of_everybody.identifier

),

placeholders as (

    select distinct
        fields.field || ':' || fields.field_value as identifier,
        'any' as rule,
        'placeholder' as reason
    from {{ ref('int_identity_fields') }} as fields
    inner join {{ ref('identity_placeholders') }} as placeholders
        on fields.field = placeholders.field and fields.field_value = placeholders.value

),

unsteady as (

    select
        field || ' of ' || record_id as identifier,
        'any' as rule,
        'too_many_values' as reason
    from {{ ref('int_unsteady_fields') }}

),

-- Once refused always refused, also where only some of the holders are looked at.
known as (

    select
        candidates.identifier,
        candidates.rule,
        known_refusals.reason
    from candidates
    inner join {{ ref('int_known_refusals') }} as known_refusals
        on
            candidates.identifier = known_refusals.identifier
            and candidates.rule = known_refusals.rule

),

unioned as (

    select * from of_a_value
    union
    select * from placeholders
    union
    select * from unsteady
    union
    select * from known
    union
    select
        identifier,
        rule,
        'shared' as reason
    from {{ ref('int_overshared_identifiers') }}

),

refused as (

    select
        identifier,
        rule,
        min(reason) as reason
    from unioned
    group by identifier, rule

)

select * from refused
