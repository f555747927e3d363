with

refused as (

    select * from {{ ref('int_refused_identifiers') }}

),

candidates as (

    select * from {{ ref('int_identifier_candidates') }}

),

record_people as (

    select * from {{ ref('int_record_people') }}

),

held as (

    select
        candidates.identifier,
        candidates.rule,
        count(*) as records,
        count(distinct record_people.person_id) as people,
        min(candidates.first_told_at) as first_told_at
    from candidates
    inner join record_people on candidates.record_id = record_people.record_id
    group by candidates.identifier, candidates.rule

),

-- A phone alone links nobody; one that many families answer is a switchboard.
phones as (

    select
        fields.record_id,
        fields.field_value as phone,
        names.field_value as last_name
    from {{ ref('int_identity_fields') }} as fields
    inner join {{ ref('int_identity_fields') }} as names
        on fields.record_id = names.record_id and names.field = 'last_name_normalised'
    where fields.field = 'phone'

),

switchboards as (

    select
        'phone:' || phones.phone as identifier,
        'any' as rule,
        'switchboard' as reason,
        count(distinct phones.record_id) as records,
        count(distinct record_people.person_id) as people,
        min(record_people.first_occurred_at) as first_told_at
    from phones
    inner join record_people on phones.record_id = record_people.record_id
    group by phones.phone
    having count(distinct phones.last_name) > {{ var('most_names_at_a_phone') }}

),

reported as (

    select
        refused.identifier,
        refused.rule,
        refused.reason,
        held.records,
        held.people,
        held.first_told_at
    from refused
    left join held on refused.identifier = held.identifier and refused.rule = held.rule
    union all
    select switchboards.*
    from switchboards
    left join refused
        on switchboards.identifier = refused.identifier and switchboards.rule = refused.rule
    where refused.identifier is null

),

described as (

    select
        identifier,
        {{ sha256_hex('identifier') }} as identifier_hash,
        rule,
        reason,
        cast(records as bigint) as records,
        cast(people as bigint) as people,
        first_told_at
    from reported

)

select * from described
