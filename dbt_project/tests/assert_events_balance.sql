-- Law of accounting: every logged event has exactly one outcome.
with

logged as (

    select count(distinct source || ':' || event_key) as events
    from {{ source('raw', 'events') }}

),

judged as (

    select count(*) as events
    from {{ ref('int_event_outcomes') }}
    where outcome in ('applied', 'quarantined', 'ignored')

)

select
    logged.events as logged,
    judged.events as judged
from logged
cross join judged
where logged.events <> judged.events
