with

source as (

    select
        *,
        {{ json_record('body', {
            'change': {
                'value': ['leadgen_id', 'created_time', 'form_id', 'ad_id', 'page_id'],
            },
            'object': ['id', 'created_time', 'form_id', 'ad_id', 'campaign_id', 'is_organic'],
        }) }} as told
    from {{ ref('base_raw__events') }}
    where source = 'meta' and event_type in ('leadgen', 'lead.pulled') and body is not null

),

renamed as (

    select
        {{ event_columns() }},
        coalesce(
            {{ text_of('told.change.value.leadgen_id') }}, {{ text_of('told.object.id') }}
        ) as lead_id,
        coalesce(
            {{ text_of('told.change.value.form_id') }}, {{ text_of('told.object.form_id') }}
        ) as form_id,
        coalesce(
            {{ text_of('told.change.value.ad_id') }}, {{ text_of('told.object.ad_id') }}
        ) as ad_id,
        {{ text_of('told.object.campaign_id') }} as campaign_id,

        source.event_type = 'lead.pulled' as is_pulled,
        coalesce(lower(told.object.is_organic) = 'true', false) as is_organic,

        case
            when source.event_type = 'lead.pulled'
                then {{ timestamp_from_iso(text_of('told.object.created_time')) }}
            else {{ timestamp_from_seconds(text_of('told.change.value.created_time')) }}
        end as occurred_at
    from source

)

select * from renamed
