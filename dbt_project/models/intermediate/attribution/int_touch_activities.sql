{{ config(materialized='view') }}

{#- The shapes of click ids in an address; the seed click_ids says what they mean. -#}
{%- set click_id = "'[?&]([a-z]*clk?id|[wg]braid|li_fat_id|rdt_cid)='" -%}

with

told as (

    select
        activities.activity_id,
        activities.person_id,
        activities.activity_type,
        activities.utm_source,
        activities.utm_medium,
        activities.utm_campaign,
        activities.campaign_id,
        case
            when activities.gclid is not null then 'gclid'
            when activities.fbclid is not null then 'fbclid'
            when activities.page_url like '%id=%'
                then {{ first_match('lower(activities.page_url)', click_id) }}
        end as click_id,
        case
            when activities.referrer is null then null
            when
                {{ host_of('activities.referrer') }} = {{ host_of('activities.page_url') }}
                then '(internal)'
            else {{ host_of('activities.referrer') }}
        end as referrer_host,
        activities.occurred_at
    from {{ ref('fct_activities') }} as activities
    inner join {{ ref('touch_activities') }} as touches
        on activities.activity_type = touches.activity_type

),

keyed as (

    select
        *,
        activity_type
        || ' ¦ ' || coalesce(utm_source, '')
        || ' ¦ ' || coalesce(utm_medium, '')
        || ' ¦ ' || coalesce(click_id, '')
        || ' ¦ ' || coalesce(referrer_host, '') as source_key
    from told

)

select * from keyed
