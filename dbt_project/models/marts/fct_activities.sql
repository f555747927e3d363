with

activities as (

    select
        activities.activity_id,
        record_people.person_id,
        activities.record_id,
        activities.activity_type,
        activities.utm_source,
        activities.utm_medium,
        activities.utm_campaign,
        activities.utm_term,
        activities.utm_content,
        activities.campaign_id,
        activities.gclid,
        activities.fbclid,
        activities.page_url,
        activities.referrer,
        activities.outcome,
        activities.occurred_at
    from {{ ref('int_activities') }} as activities
    inner join {{ ref('int_record_people') }} as record_people
        on activities.record_id = record_people.record_id

)

select * from activities
