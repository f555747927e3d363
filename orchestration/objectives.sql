-- What objectives are held against, of the published copy; one row a value. $1: since when
-- deliveries count, $2: since when months do. Nothing to divide by gives no value.
with

deliveries as (

    select
        'delivery_success' as name,
        destination || ' ' || action as about,
        100.0 * sum(delivered) / nullif(sum(delivered) + sum(dead), 0) as value
    from marts.rpt_delivery_success
    where enqueued_on >= $1
    group by destination, action

),

identity as (

    select
        sum(records) as records,
        sum(duplicates) as duplicates,
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

mqls as (

    select 100.0 * sum(sqls) / nullif(sum(mqls), 0) as value
    from marts.rpt_mql_conversion
    where month_start >= $2

),

meetings as (

    select 100.0 * sum(no_shows) / nullif(sum(attended) + sum(no_shows), 0) as value
    from marts.rpt_meeting_no_shows
    where month_start >= $2

)

select name, about, value from deliveries
union all
select 'duplicate_rate', '', 100.0 * duplicates / nullif(records, 0) from identity
union all
select 'merge_correction_rate', '', 100.0 * unmerges / nullif(duplicates, 0) from identity
union all
select name, about, value from drift
union all
select 'mql_to_sql', '', value from mqls
union all
select 'no_show_rate', '', value from meetings
order by 1, 2
