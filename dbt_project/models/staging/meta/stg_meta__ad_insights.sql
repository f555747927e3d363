{% set members = [
    'date_start', 'date_stop', 'campaign_id', 'campaign_name', 'spend', 'account_currency',
    'impressions', 'clicks',
] %}

with

source as (

    select
        *,
        {{ json_record('body', {'account': none, 'pulled_at': none, 'object': members}) }} as told
    from {{ ref('base_raw__events') }}
    where source = 'meta' and event_type = 'ad_insight.pulled' and body is not null

),

renamed as (

    select
        {{ event_columns() }},
        {{ text_of('told.account') }} as ad_account_id,
        {{ text_of('told.object.campaign_id') }} as campaign_id,

        {{ text_of('told.object.campaign_name') }} as campaign_name,
        upper({{ text_of('told.object.account_currency') }}) as currency,

        {{ text_of('told.object.spend') }} as amount,
        {{ text_of('told.object.impressions') }} as impressions,
        {{ text_of('told.object.clicks') }} as clicks,

        {{ text_of('told.object.date_start') }} as first_day,
        {{ text_of('told.object.date_stop') }} as last_day,
        {{ timestamp_from_iso(text_of('told.pulled_at')) }} as occurred_at
    from source

)

select * from renamed
