-- What objectives are held against, of the published copy; one row a value. $1: since when
-- deliveries count, $2: since when months do, $3: until when people became MQLs that count.
-- Nothing to divide by gives no value.
with

deliveries as (

    select
        'delivery_success' as name,
        destination || ' ' || action as about,
        100.0 * sum(delivered)
        / nullif(sum(delivered) + sum(dead) - sum(dead_too_late), 0) as value
    from marts.rpt_delivery_success
    where enqueued_on >= $1
    group by destination, action

),

-- Uniqueness as data stewards measure it (DAMA UK, The Six Primary Dimensions for Data Quality
-- Assessment, 2013): things in the real world against records that stand for them, in one data
-- set. The set is the contacts that HubSpot holds now: a form and the contact of the same person
-- are two sources that agree, two contacts of one person are a duplicate, whoever made them, until
-- they are merged over there. Of other CRMs nothing tells what was merged or deleted.
contacts as (

    select 100.0 * (count(*) - count(distinct person_id)) / nullif(count(*), 0) as value
    from marts.entity_map
    where system = 'hubspot' and object_type = 'contact' and is_current

),

identity as (

    select
        sum(duplicates) as merged,
        sum(unmerges) as unmerges
    from marts.rpt_identity_quality
    where month_start >= $2

),

drift as (

    select
        'score_drift' as name,
        score_drift.version as about,
        max_by(score_drift.psi, score_drift.period_start) as value
    from marts.rpt_score_drift as score_drift
    inner join marts.rpt_score_versions as score_versions
        on score_drift.version = score_versions.version
    where score_versions.status = 'live'
    group by score_drift.version

),

-- Whoever became an MQL of late has had no time to become an SQL.
mqls as (

    select 100.0 * count(sql_at) / nullif(count(*), 0) as value
    from marts.fct_lead_milestones
    where mql_at >= $2 and mql_at < $3

),

-- Outcomes are told of meetings whose time has come. A source that never told of a meeting held
-- (Calendly tells of no-shows alone) cannot tell how many were not.
meetings as (

    select
        count(*) filter (where outcome = 'attended') as attended_ever,
        count(*) filter (where outcome = 'attended' and occurred_at >= $2) as attended,
        count(*) filter (where outcome = 'no_show' and occurred_at >= $2) as no_shows
    from marts.fct_activities
    where activity_type = 'meeting_outcome'
    group by split_part(record_id, ':', 1)

),

no_shows as (

    select 100.0 * sum(no_shows) / nullif(sum(attended) + sum(no_shows), 0) as value
    from meetings
    where attended_ever > 0

)

select name, about, value from deliveries
union all
select 'duplicate_rate', '', value from contacts
union all
select 'merge_correction_rate', '', 100.0 * unmerges / nullif(merged, 0) from identity
union all
select name, about, value from drift
union all
select 'mql_to_sql', '', value from mqls
union all
select 'no_show_rate', '', value from no_shows
order by 1, 2
