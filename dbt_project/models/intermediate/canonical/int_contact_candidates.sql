with

typeform as (

    select
        responses.event_id,
        responses.vendor_id,
        'typeform' as source,
        'typeform:' || coalesce(responses.response_token, responses.vendor_id) as record_id,
        responses.correlation_id,
        responses.occurred_at,
        {{ contact_columns({
            'user_id': 'responses.user_id',
            'anonymous_id': 'responses.anonymous_id',
            'email': 'submissions.email',
            'phone': 'submissions.phone',
            'first_name': 'submissions.first_name',
            'last_name': 'submissions.last_name',
            'company': 'submissions.company',
            'job_title': 'submissions.job_title',
            'country': 'submissions.country',
            'employees': 'submissions.employees',
            'budget': 'submissions.budget',
            'interest': 'submissions.interest',
            'utm_source': 'responses.utm_source',
            'utm_medium': 'responses.utm_medium',
            'utm_campaign': 'responses.utm_campaign',
            'utm_term': 'responses.utm_term',
            'utm_content': 'responses.utm_content',
            'gclid': 'responses.gclid',
            'fbclid': 'responses.fbclid',
            'fbc': 'responses.fbc',
            'fbp': 'responses.fbp',
            'client_ip_address': 'responses.client_ip_address',
            'client_user_agent': 'responses.client_user_agent',
            'page_url': 'responses.page_url',
            'referrer': 'responses.referrer',
        }) }}
    from {{ ref('stg_typeform__responses') }} as responses
    left join {{ ref('int_typeform_submissions') }} as submissions
        on responses.event_id = submissions.event_id

),

hubspot_properties as (

    select
        changes.*,
        property_map.canonical_field
    from {{ ref('stg_hubspot__contact_changes') }} as changes
    left join {{ ref('hubspot_property_map') }} as property_map
        on
            changes.property_name = property_map.property
            and property_map.object_type = 'contact'
            and changes.change_type = 'property'

),

hubspot_changes as (

    select
        event_id,
        vendor_id,
        'hubspot' as source,
        'hubspot:' || portal_id || ':' || contact_id as record_id,
        correlation_id,
        occurred_at,
        {% set value_of = "case when canonical_field = '%s' then property_value end" %}
        {{ contact_columns({
            'hubspot_contact_id': 'contact_id',
            'email': value_of % 'email',
            'phone': value_of % 'phone',
            'first_name': value_of % 'first_name',
            'last_name': value_of % 'last_name',
            'company': value_of % 'company',
            'job_title': value_of % 'job_title',
            'country': value_of % 'country',
            'employees': value_of % 'employees',
        }) }}
    from hubspot_properties
    where change_type <> 'property' or canonical_field is not null

),

hubspot_merges as (

    select
        event_id,
        vendor_id,
        'hubspot' as source,
        'hubspot:' || portal_id || ':' || surviving_contact_id as record_id,
        correlation_id,
        occurred_at,
        {{ contact_columns({'hubspot_contact_id': 'surviving_contact_id'}) }}
    from {{ ref('stg_hubspot__contact_merges') }}

),

standard as (

    select
        event_id,
        vendor_id,
        source,
        cast(null as {{ dbt.type_string() }}) as record_id,
        correlation_id,
        occurred_at,
        {{ contact_columns({
            'user_id': 'user_id',
            'anonymous_id': 'anonymous_id',
            'email': 'email',
            'phone': 'phone',
            'first_name': 'first_name',
            'last_name': 'last_name',
            'company': 'company',
            'job_title': 'job_title',
            'country': 'country',
            'employees': 'employees',
            'budget': 'budget',
            'interest': 'interest',
            'utm_source': 'utm_source',
            'utm_medium': 'utm_medium',
            'utm_campaign': 'utm_campaign',
            'utm_term': 'utm_term',
            'utm_content': 'utm_content',
            'gclid': 'gclid',
            'fbclid': 'fbclid',
            'fbc': 'fbc',
            'fbp': 'fbp',
            'client_ip_address': 'client_ip_address',
            'client_user_agent': 'client_user_agent',
            'page_url': 'page_url',
            'referrer': 'referrer',
        }) }}
    from {{ ref('stg_standard__events') }}
    where
        coalesce(user_id, anonymous_id, email, phone) is not null
        or event_type <> 'opportunity_changed'

),

unioned as (

    select * from typeform
    union all
    select * from hubspot_changes
    union all
    select * from hubspot_merges
    union all
    select * from standard

),

normalised as (

    select
        *,
        {{ normalise_email('email') }} as email_normalised,
        {{ order_key() }} as order_key
    from unioned

),

identified as (

    select
        *,
        coalesce(
            record_id,
            source || ':user:' || user_id,
            source || ':email:' || email_normalised,
            source || ':visitor:' || anonymous_id,
            vendor_id
        ) as source_record_id,
        coalesce(user_id, anonymous_id, hubspot_contact_id, phone) is not null
            as has_other_identifier
    from normalised

)

select * from identified
