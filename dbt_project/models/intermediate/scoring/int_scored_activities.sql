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
        record_people.person_id,
        signals.signal,
        activities.activity_id as event_id,
        activities.occurred_at
    from {{ ref('int_activities') }} as activities
    inner join signals on activities.activity_type = signals.field
    inner join {{ ref('int_record_people') }} as record_people
        on activities.record_id = record_people.record_id
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
            partition by person_id, signal order by occurred_at desc, event_id desc
        ) as nth_newest
    from matched

)

select * from numbered
