with

responses as (

    select * from {{ ref('stg_typeform__responses') }}

),

submissions as (

    select * from {{ ref('int_typeform_submissions') }}

),

contacts as (

    select
        {{ event_columns('responses') }},
        responses.occurred_at,
        'typeform:' || coalesce(
            responses.response_token, {{ vendor_id_of('responses.event_id', 'responses.source') }}
        ) as record_id,
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
            'campaign_id': 'responses.campaign_id',
            'gclid': 'responses.gclid',
            'fbclid': 'responses.fbclid',
            'fbc': 'responses.fbc',
            'fbp': 'responses.fbp',
            'ga_client_id': 'responses.ga_client_id',
            'client_ip_address': 'responses.client_ip_address',
            'client_user_agent': 'responses.client_user_agent',
            'page_url': 'responses.page_url',
            'referrer': 'responses.referrer',
        }) }}
    from responses
    left join submissions on responses.event_id = submissions.event_id

)

select * from contacts
