with

people as (

    select * from {{ ref('stg_salesforce__people') }}

),

contacts as (

    select
        {{ event_columns() }},
        occurred_at,
        {{ salesforce_record('organization_id', 'object_id') }} as record_id,
        {{ contact_columns({
            'salesforce_id': 'coalesce(converted_contact_id, object_id)',
            'email': 'email',
            'phone': 'phone',
            'first_name': 'first_name',
            'last_name': 'last_name',
            'company': 'company',
            'job_title': 'job_title',
            'country': 'country',
            'street': 'street',
            'city': 'city',
            'state': 'state',
            'postcode': 'postcode',
            'birth_date': 'birth_date',
            'employees': 'employees',
        }) }}
    from people

)

select * from contacts
