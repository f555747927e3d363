with

invitees as (

    select * from {{ ref('stg_calendly__invitees') }}

),

contacts as (

    select
        {{ event_columns() }},
        occurred_at,
        'calendly:' || invitee_uri as record_id,
        {{ contact_columns({
            'external_id': 'invitee_uri',
            'salesforce_id': "case when substr(salesforce_uuid, 1, 3) in ('003', '00Q') then "
                ~ salesforce_id('salesforce_uuid') ~ " end",
            'email': 'email',
            'phone': 'phone',
            'first_name': 'coalesce(first_name, ' ~ first_of_name('name') ~ ')',
            'last_name': 'coalesce(last_name, ' ~ last_of_name('name') ~ ')',
            'timezone': 'timezone',
            'utm_source': 'utm_source',
            'utm_medium': 'utm_medium',
            'utm_campaign': 'utm_campaign',
            'utm_term': 'utm_term',
            'utm_content': 'utm_content',
        }) }}
    from invitees

)

select * from contacts
