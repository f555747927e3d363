with

source as (

    select *
    from {{ ref('base_raw__events') }}
    where source = 'typeform' and event_type = 'form_response' and problem_code is null

),

renamed as (

    select
        event_id,
        vendor_id,
        correlation_id,
        body_hash,
        {{ json_text('body', '$.form_response.token') }} as response_token,
        {{ json_text('body', '$.form_response.form_id') }} as form_id,
        {{ json_text('body', '$.form_response.hidden.user_id') }} as user_id,
        {{ json_text('body', '$.form_response.hidden.anonymous_id') }} as anonymous_id,

        lower(coalesce(
            {{ json_text('body', '$.form_response.hidden.utm_source') }},
            {{ json_text('body', '$.form_response.hidden.source') }},
            {{ json_text('body', '$.form_response.hidden.origin') }}
        )) as utm_source,
        lower({{ json_text('body', '$.form_response.hidden.utm_medium') }}) as utm_medium,
        {{ json_text('body', '$.form_response.hidden.utm_campaign') }} as utm_campaign,
        {{ json_text('body', '$.form_response.hidden.utm_term') }} as utm_term,
        {{ json_text('body', '$.form_response.hidden.utm_content') }} as utm_content,
        {{ json_text('body', '$.form_response.hidden.gclid') }} as gclid,
        {{ json_text('body', '$.form_response.hidden.fbclid') }} as fbclid,
        {{ json_text('body', '$.form_response.hidden.fbc') }} as fbc,
        {{ json_text('body', '$.form_response.hidden.fbp') }} as fbp,
        {{ json_text('body', '$.form_response.hidden.client_ip_address') }} as client_ip_address,
        {{ json_text('body', '$.form_response.hidden.client_user_agent') }} as client_user_agent,
        {{ json_text('body', '$.form_response.hidden.page_url') }} as page_url,
        {{ json_text('body', '$.form_response.hidden.referrer') }} as referrer,

        {{ timestamp_from_iso(json_text('body', '$.form_response.submitted_at')) }} as occurred_at
    from source

)

select * from renamed
