with

source as (

    select *
    from {{ ref('base_raw__events') }}
    where
        -- Every sender that speaks this vocabulary, whatever its name.
        contract like 'standard/%'
        and problem_code is null
        and event_type in (
            'page_view', 'form_submit', 'email_open', 'email_click', 'webinar_attend',
            'meeting_booked', 'ad_lead', 'contact_updated', 'consent_changed',
            'opportunity_changed'
        )

),

renamed as (

    select
        event_id,
        vendor_id,
        source,
        correlation_id,
        body_hash,
        {{ json_text('body', '$.data.user_id') }} as user_id,
        {{ json_text('body', '$.data.anonymous_id') }} as anonymous_id,
        {{ json_text('body', '$.data.opportunity_id') }} as opportunity_id,

        event_type,
        {{ json_text('body', '$.data.email') }} as email,
        {{ json_text('body', '$.data.phone') }} as phone,
        {{ json_text('body', '$.data.first_name') }} as first_name,
        {{ json_text('body', '$.data.last_name') }} as last_name,
        {{ json_text('body', '$.data.company') }} as company,
        {{ json_text('body', '$.data.job_title') }} as job_title,
        {{ json_text('body', '$.data.country') }} as country,
        {{ json_text('body', '$.data.employees') }} as employees,
        {{ json_text('body', '$.data.budget') }} as budget,
        {{ json_text('body', '$.data.interest') }} as interest,
        lower({{ json_text('body', '$.data.utm_source') }}) as utm_source,
        lower({{ json_text('body', '$.data.utm_medium') }}) as utm_medium,
        {{ json_text('body', '$.data.utm_campaign') }} as utm_campaign,
        {{ json_text('body', '$.data.utm_term') }} as utm_term,
        {{ json_text('body', '$.data.utm_content') }} as utm_content,
        {{ json_text('body', '$.data.gclid') }} as gclid,
        {{ json_text('body', '$.data.fbclid') }} as fbclid,
        {{ json_text('body', '$.data.fbc') }} as fbc,
        {{ json_text('body', '$.data.fbp') }} as fbp,
        {{ json_text('body', '$.data.client_ip_address') }} as client_ip_address,
        {{ json_text('body', '$.data.client_user_agent') }} as client_user_agent,
        {{ json_text('body', '$.data.page_url') }} as page_url,
        {{ json_text('body', '$.data.referrer') }} as referrer,
        lower({{ json_text('body', '$.data.purpose') }}) as consent_purpose,
        lower({{ json_text('body', '$.data.status') }}) as consent_status,
        {{ json_text('body', '$.data.lawful_basis') }} as lawful_basis,
        lower({{ json_text('body', '$.data.stage') }}) as stage,
        {{ json_text('body', '$.data.amount') }} as amount,
        upper({{ json_text('body', '$.data.currency') }}) as currency,
        {{ json_text('body', '$.data.occurred') }} as stage_changed_at,

        {{ timestamp_from_iso(json_text('body', '$.timestamp')) }} as occurred_at
    from source

)

select * from renamed
