{% set data = [
    'date', 'platform', 'account', 'campaign_id', 'campaign_name', 'amount', 'currency',
    'impressions', 'clicks',
] %}

with

source as (

    select
        *,
        {{ json_record('body', {'timestamp': none, 'data': data}) }} as told
    from {{ ref('base_raw__events') }}
    where
        contract like 'standard/%'
        and event_type = 'ad_spend'
        and body is not null

),

renamed as (

    select
        {{ event_columns() }},
        {{ text_of('told.data.account') }} as ad_account_id,
        {{ text_of('told.data.campaign_id') }} as campaign_id,

        lower({{ text_of('told.data.platform') }}) as platform,
        {{ text_of('told.data.campaign_name') }} as campaign_name,
        upper({{ text_of('told.data.currency') }}) as currency,

        {{ text_of('told.data.amount') }} as amount,
        {{ text_of('told.data.impressions') }} as impressions,
        {{ text_of('told.data.clicks') }} as clicks,

        {{ text_of('told.data.date') }} as spend_day,
        {{ timestamp_from_iso(text_of('told.timestamp')) }} as occurred_at
    from source

)

select * from renamed
