{{ config(materialized='view') }}

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
        activities.activity_type,
        activities.activity_id as event_id,
        activities.order_key,
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

)

select * from matched
