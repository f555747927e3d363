with

deliveries as (

    select * from {{ ref('stg_ledger__deliveries') }}

),

-- Events of one request share a correlation id and a time; decisions and answers follow from them.
arrivals as (

    select distinct
        correlation_id,
        source,
        received_at,
        is_historical
    from {{ ref('base_raw__events') }}
    where kind in ('webhook', 'pull', 'backfill')

),

-- The newest that came before the delivery was recorded; else the oldest that came after.
causes as (

    select
        deliveries.delivery_id,
        arrivals.source,
        arrivals.received_at,
        arrivals.is_historical
    from deliveries
    inner join arrivals on deliveries.correlation_id = arrivals.correlation_id
    qualify
        row_number() over (
            partition by deliveries.delivery_id
            order by
                case when arrivals.received_at <= deliveries.created_at then 0 else 1 end asc,
                case
                    when arrivals.received_at <= deliveries.created_at then arrivals.received_at
                end desc,
                arrivals.received_at asc,
                arrivals.source asc
        ) = 1

),

-- When the destination was last told of the entity under this correlation id.
repeats as (

    select
        delivery_id,
        max(case when state = 'delivered' then created_at end) over (
            partition by destination, action, entity_key, correlation_id
            order by delivery_id
            rows between unbounded preceding and 1 preceding
        ) as told_at
    from deliveries

),

traced as (

    select
        deliveries.delivery_id,
        coalesce(causes.source, '(unknown)') as source,
        -- What came a day earlier did not set it off: a changed rule did, or a new destination.
        case
            when
                {{ seconds_between('causes.received_at', 'deliveries.created_at') }}
                between 0 and 86400
                then causes.received_at
        end as received_at,
        not coalesce(causes.is_historical, false)
        and (repeats.told_at is null or coalesce(repeats.told_at < causes.received_at, false))
            as is_news
    from deliveries
    inner join repeats on deliveries.delivery_id = repeats.delivery_id
    left join causes on deliveries.delivery_id = causes.delivery_id

)

select * from traced
