with

enrichments as (

    select * from {{ ref('stg_millrace__enrichments') }}

),

contacts as (

    select
        {{ event_columns() }},
        occurred_at,
        record_id,
        {{ contact_columns({
            'phone': 'phone',
            'company': 'company',
            'job_title': 'job_title',
            'country': 'country',
            'city': 'city',
            'employees': 'employees',
        }) }}
    from enrichments

)

select * from contacts
