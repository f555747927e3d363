{% set names = var('meta_website_events') %}

with

activities as (

    select * from {{ ref('int_activities') }}
    where activity_type in ({{ quoted(names) }})

),

-- Meta takes a website's event only with the page it happened on and the browser.
website_events as (

    select
        activities.activity_id,
        record_people.person_id,
        case activities.activity_type
            {% for activity_type in names %}
                when '{{ activity_type }}' then '{{ names[activity_type] }}'
            {% endfor %}
        end as event_name,
        pixel_events.pixel_event_id,
        activities.page_url,
        candidates.fbc,
        candidates.fbp,
        candidates.client_ip_address,
        candidates.client_user_agent,
        observations.is_historical,
        logged.correlation_id,
        activities.occurred_at
    from activities
    inner join {{ ref('int_pixel_events') }} as pixel_events
        on activities.activity_id = pixel_events.event_id
    inner join {{ ref('int_contact_candidates') }} as candidates
        on activities.activity_id = candidates.event_id
    inner join {{ ref('int_contact_events') }} as observations
        on activities.activity_id = observations.event_id
    inner join {{ ref('base_raw__events') }} as logged
        on observations.position = logged.position
    inner join {{ ref('int_record_people') }} as record_people
        on activities.record_id = record_people.record_id
    where activities.page_url is not null and candidates.client_user_agent is not null

)

select * from website_events
