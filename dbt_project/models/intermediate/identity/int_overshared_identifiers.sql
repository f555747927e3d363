{{ config(materialized='view') }}

with

candidates as (

    select * from {{ ref('int_identifier_candidates') }}

),

limits as (

    select * from {{ ref('match_rule_limits') }}

),

fields as (

    select * from {{ ref('int_identity_fields') }}
    where field in (select limits.field from limits)

),

shared as (

    select
        identifier,
        rule
    from candidates
    where rule in (select limits.rule from limits)
    group by identifier, rule
    having count(*) > 1

),

counted as (

    select
        shared.identifier,
        shared.rule,
        limits.field,
        limits.at_most,
        count(distinct fields.field_value) as different_values
    from shared
    inner join limits on shared.rule = limits.rule
    inner join candidates on shared.identifier = candidates.identifier
    inner join fields
        on candidates.record_id = fields.record_id and limits.field = fields.field
    group by shared.identifier, shared.rule, limits.field, limits.at_most

)

select * from counted
where different_values > at_most
