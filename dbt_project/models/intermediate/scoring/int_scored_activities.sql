with

signals as (

    select distinct
        signal,
        field,
        operator,
        value
    from {{ ref('int_score_rules') }}
    where kind = 'engagement'

),

matched as (

    select
        activities.person_id,
        signals.signal,
        activities.activity_id as event_id,
        activities.occurred_at
    from {{ ref('fct_activities') }} as activities
    inner join signals on activities.activity_type = signals.field
    where
        case signals.operator
            when 'happened' then true
            when 'on_page' then {{ has_word('activities.page_url', 'lower(signals.value)') }}
        end

),

numbered as (

    select
        person_id,
        signal,
        event_id,
        occurred_at,
        row_number() over (
            partition by person_id, signal order by occurred_at, event_id
        ) as nth_oldest
    from matched

)

select * from numbered
