{% set members = [
    'id', 'type', 'recipient', 'created', 'emailCampaignId', 'url', 'filteredEvent',
    'portalSubscriptionStatus', 'subscriptions',
] %}

with

source as (

    select
        *,
        {{ json_record('body', {'account': none, 'object': members}) }} as told
    from {{ ref('base_raw__events') }}
    where source = 'hubspot' and event_type = 'email_event.pulled' and body is not null

),

renamed as (

    select
        {{ event_columns() }},
        {{ text_of('told.account') }} as portal_id,
        {{ text_of('told.object.id') }} as email_event_id,
        {{ text_of('told.object.emailCampaignId') }} as campaign_id,

        upper({{ text_of('told.object.type') }}) as email_event_type,
        {{ text_of('told.object.recipient') }} as email,
        {{ text_of('told.object.url') }} as page_url,

        {{ flag_of('told.object.filteredEvent') }} as is_filtered,
        coalesce(
            {{ text_of('told.object.portalSubscriptionStatus') }} = 'UNSUBSCRIBED'
            or {{ text_of('told.object.subscriptions') }} like '%"UNSUBSCRIBED"%',
            false
        ) as is_unsubscribed,

        {{ timestamp_from_ms(text_of('told.object.created')) }} as occurred_at
    from source

)

select * from renamed
-- Sent, processed and delivered are no deed of the recipient.
where email_event_type in ('OPEN', 'CLICK', 'BOUNCE', 'SPAMREPORT', 'STATUSCHANGE')
