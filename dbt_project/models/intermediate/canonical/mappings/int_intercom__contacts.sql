with

told as (

    select * from {{ ref('stg_intercom__contacts') }}

),

contacts as (

    select
        {{ event_columns() }},
        occurred_at,
        'intercom:' || coalesce(app_id, '') || ':' || contact_id as record_id,
        {{ contact_columns({
            'user_id': 'user_id',
            'external_id': "'intercom:' || contact_id",
            'email': 'email',
            'phone': 'phone',
            'first_name': first_of_name('name'),
            'last_name': last_of_name('name'),
            'country': 'country',
        }) }}
    from told

)

select * from contacts
