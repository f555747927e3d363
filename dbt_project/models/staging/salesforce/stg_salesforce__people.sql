{% set ids = ['Id', 'AccountId', 'ConvertedContactId'] %}
{% set texts = {
    'email': ['Email'], 'phone': ['Phone', 'MobilePhone'], 'first_name': ['FirstName'],
    'last_name': ['LastName'], 'company': ['Company'], 'job_title': ['Title'],
    'country': ['Country', 'MailingCountry'], 'street': ['Street', 'MailingStreet'],
    'city': ['City', 'MailingCity'], 'state': ['State', 'MailingState'],
    'postcode': ['PostalCode', 'MailingPostalCode'], 'birth_date': ['Birthdate'],
    'employees': ['NumberOfEmployees'],
} %}
{% set flags = {
    'is_deleted': 'IsDeleted', 'has_opted_out_of_email': 'HasOptedOutOfEmail',
    'is_not_to_be_called': 'DoNotCall',
} %}
{% set text_members = texts.values() | sum(start=[]) %}
{% set members = ids + salesforce_times() + flags.values() | list + text_members %}

with

source as (

    select
        *,
        {{ json_record('body', {
            'organization_id': none, 'account': none, 'object': members,
        }) }} as told
    from {{ ref('base_raw__events') }}
    where
        source = 'salesforce'
        and event_type in ('Lead', 'Contact', 'Lead.pulled', 'Contact.pulled')
        and body is not null

),

renamed as (

    select
        {{ event_columns() }},
        {{ salesforce_id(salesforce_account()) }} as organization_id,
        {{ salesforce_id(text_of('told.object.Id')) }} as object_id,
        {{ salesforce_id(text_of('told.object.AccountId')) }} as account_id,
        {{ salesforce_id(text_of('told.object.ConvertedContactId')) }} as converted_contact_id,

        {% for column, fields in texts.items() %}
            coalesce(
                {%- for field in fields -%}
                    {{ text_of('told.object.' ~ field) }}{{ ', ' if not loop.last }}
                {%- endfor -%}
                {{ ', null' if fields | length == 1 }}
            ) as {{ column }},
        {% endfor %}

        {% for column, field in flags.items() %}
            {{ flag_of('told.object.' ~ field) }} as {{ column }},
        {% endfor %}

        {{ salesforce_time() }} as occurred_at
    from source

)

select * from renamed
