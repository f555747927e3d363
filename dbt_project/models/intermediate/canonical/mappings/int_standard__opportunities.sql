with

events as (

    select * from {{ ref('stg_standard__events') }}

),

opportunities as (

    select
        {{ event_columns() }},
        occurred_at,
        source || ':' || coalesce(
            opportunity_id, {{ vendor_id_of('event_id', 'source') }}
        ) as opportunity_id,
        false as is_deleted,
        false as is_unmapped,
        cast(null as {{ dbt.type_string() }}) as name,
        coalesce(stage, '') as stage_given,
        amount as amount_given,
        currency,
        occurred as closed_at_given,
        '/data/stage' as stage_path,
        '/data/amount' as amount_path,
        '/data/currency' as currency_path,
        '/data/occurred' as closed_at_path
    from events
    where event_type = 'opportunity_changed'

)

select * from opportunities
