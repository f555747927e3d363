{% set given = {'hubspot_contact_id': 'records.object_id'} %}
{% for field in hubspot_contact_fields() %}
    {% do given.update({field: 'record_fields.' ~ field}) %}
{% endfor %}
{% do given.update({'salesforce_id': salesforce_id('record_fields.salesforce_id')}) %}

with

records as (

    select * from {{ ref('stg_hubspot__records') }}
    where object_type = 'contact'

),

record_fields as (

    select * from {{ ref('int_hubspot_record_fields') }}

),

meetings as (

    select * from {{ ref('stg_hubspot__meetings') }}
    where contact_id is not null

),

email_events as (

    select * from {{ ref('stg_hubspot__email_events') }}

),

told_by_records as (

    select
        {{ event_columns('records') }},
        records.occurred_at,
        'hubspot:' || records.portal_id || ':' || records.object_id as record_id,
        {{ contact_columns(given) }}
    from records
    left join record_fields on records.event_id = record_fields.event_id

),

told_by_meetings as (

    select
        {{ event_columns() }},
        occurred_at,
        'hubspot:' || portal_id || ':' || contact_id as record_id,
        {{ contact_columns({'hubspot_contact_id': 'contact_id'}) }}
    from meetings

),

told_by_email_events as (

    select
        {{ event_columns() }},
        occurred_at,
        cast(null as {{ dbt.type_string() }}) as record_id,
        {{ contact_columns({
            'email': 'email', 'campaign_id': 'campaign_id', 'page_url': 'page_url',
        }) }}
    from email_events

),

contacts as (

    select * from told_by_records
    union all
    select * from told_by_meetings
    union all
    select * from told_by_email_events

)

select * from contacts
