with

candidates as (

    select contacts.*
    from {{ ref('int_contact_candidates') }} as contacts
    inner join {{ ref('int_applied_events') }} as applied on contacts.event_id = applied.event_id

),

located as (

    select
        candidates.*,
        coalesce(countries.canonical_value, upper(candidates.country)) as country_code
    from candidates
    left join {{ ref('enum_registry') }} as countries
        on countries.picklist = 'country' and lower(candidates.country) = countries.value

),

home_countries as (

    select
        source_record_id,
        {{ latest('country_code') }} as country_code
    from located
    group by source_record_id

),

normalised as (

    select
        located.event_id,
        located.vendor_id,
        located.source_record_id as record_id,
        located.correlation_id,
        located.user_id,
        located.anonymous_id,
        located.hubspot_contact_id,

        {{ display_email('located.email') }} as email,
        located.email_normalised,
        {{ normalise_phone(
            'located.phone',
            'coalesce(located.country_code, home_countries.country_code)'
        ) }} as phone,
        located.first_name,
        located.last_name,
        located.company,
        {{ registrable_domain('located.email_normalised') }} as email_domain,
        located.job_title,
        located.country_code as country,
        located.employees,
        located.budget,
        located.interest,
        located.utm_source,
        located.utm_medium,
        located.utm_campaign,
        located.utm_term,
        located.utm_content,
        located.gclid,
        located.fbclid,
        located.fbc,
        located.fbp,
        located.client_ip_address,
        located.client_user_agent,
        located.page_url,
        located.referrer,

        located.order_key,
        located.occurred_at
    from located
    inner join home_countries on located.source_record_id = home_countries.source_record_id

),

with_company_domain as (

    select
        normalised.*,
        case when free_domains.domain is null then normalised.email_domain end as company_domain
    from normalised
    left join {{ ref('free_email_domains') }} as free_domains
        on normalised.email_domain = free_domains.domain

)

select * from with_company_domain
