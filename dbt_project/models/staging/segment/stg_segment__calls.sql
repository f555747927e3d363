{% set traits = {
    'email': none, 'phone': none, 'name': none, 'firstName': none, 'first_name': none,
    'lastName': none, 'last_name': none, 'title': none, 'company': none, 'birthday': none,
    'employees': none, 'industry': none, 'website': none, 'domain': none, 'annualRevenue': none,
    'country': none, 'parentId': none,
    'address': ['street', 'city', 'state', 'postalCode', 'country'],
} %}
{% set context = {
    'ip': none, 'userAgent': none, 'timezone': none,
    'campaign': ['source', 'medium', 'name', 'term', 'content', 'id'],
    'page': ['url', 'referrer'],
    'traits': traits,
} %}
{% set properties = ['url', 'referrer', 'revenue', 'total', 'amount', 'currency'] %}
with

source as (

    select
        *,
        {{ json_record('body', {
            'timestamp': none, 'userId': none, 'anonymousId': none, 'groupId': none, 'event': none,
            'traits': traits, 'context': context, 'properties': properties,
        }) }} as told
    from {{ ref('base_raw__events') }}
    where
        source = 'segment'
        and event_type in ('identify', 'track', 'page', 'group')
        and body is not null

),

-- Only `identify` tells of the person by its own traits; `group` tells of a company by them.
somebody as (

    select
        source.*,
        case
            when source.event_type = 'identify' then source.told.traits
            else source.told.context.traits
        end as who
    from source

),

renamed as (

    select
        {{ event_columns() }},
        {{ text_of('told.userId') }} as user_id,
        {{ text_of('told.anonymousId') }} as anonymous_id,
        {{ text_of('told.groupId') }} as group_id,
        {{ text_of('told.context.campaign.id') }} as campaign_id,

        {{ text_of('told.event') }} as track_event,
        {{ text_of('who.email') }} as email,
        {{ text_of('who.phone') }} as phone,
        {{ text_of('who.name') }} as name,
        coalesce({{ text_of('who.firstName') }}, {{ text_of('who.first_name') }}) as first_name,
        coalesce({{ text_of('who.lastName') }}, {{ text_of('who.last_name') }}) as last_name,
        {{ text_of('who.title') }} as job_title,
        {{ text_of('who.company') }} as company_given,
        {{ text_of('who.birthday') }} as birth_date,
        {{ text_of('who.address.street') }} as street,
        {{ text_of('who.address.city') }} as city,
        {{ text_of('who.address.state') }} as state,
        {{ text_of('who.address.postalCode') }} as postcode,
        coalesce({{ text_of('who.address.country') }}, {{ text_of('who.country') }}) as country,
        {{ text_of('told.context.timezone') }} as timezone,
        {{ text_of('told.context.ip') }} as client_ip_address,
        {{ text_of('told.context.userAgent') }} as client_user_agent,
        lower({{ text_of('told.context.campaign.source') }}) as utm_source,
        lower({{ text_of('told.context.campaign.medium') }}) as utm_medium,
        {{ text_of('told.context.campaign.name') }} as utm_campaign,
        {{ text_of('told.context.campaign.term') }} as utm_term,
        {{ text_of('told.context.campaign.content') }} as utm_content,
        coalesce({{ text_of('told.properties.url') }}, {{ text_of('told.context.page.url') }})
            as page_url,
        coalesce(
            {{ text_of('told.properties.referrer') }}, {{ text_of('told.context.page.referrer') }}
        ) as referrer,
        coalesce({{ text_of('told.traits.domain') }}, {{ text_of('told.traits.website') }})
            as group_domain,
        {{ text_of('told.traits.name') }} as group_name,
        {{ text_of('told.traits.industry') }} as group_industry,
        {{ text_of('told.traits.country') }} as group_country,
        {{ text_of('told.traits.parentId') }} as group_parent_id,
        upper({{ text_of('told.properties.currency') }}) as currency,

        {{ text_of('told.traits.employees') }} as group_employees,
        {{ text_of('told.traits.annualRevenue') }} as group_revenue,
        coalesce(
            {{ text_of('told.properties.revenue') }},
            {{ text_of('told.properties.total') }},
            {{ text_of('told.properties.amount') }}
        ) as amount,

        {{ timestamp_from_iso(text_of('told.timestamp')) }} as occurred_at
    from somebody

)

select * from renamed
