{{ config(materialized='view') }}

{% set columns = event_columns() ~ ', occurred_at, record_id, '
    ~ (contact_fields() + touch_fields()) | join(', ') %}

with

contacts as (

    {{ union_mappings('contacts', columns) }}

),

emails as (

    select * from {{ ref('int_emails') }}

),

candidates as (

    select
        {{ event_columns('contacts') }},
        coalesce(
            contacts.record_id,
            contacts.source || ':external:' || contacts.external_id,
            contacts.source || ':user:' || contacts.user_id,
            contacts.source || ':email:' || emails.email_normalised,
            contacts.source || ':visitor:' || contacts.anonymous_id,
            {{ vendor_id_of('contacts.event_id', 'contacts.source') }}
        ) as record_id,
        contacts.email as email_given,
        emails.email_normalised,
        emails.company_domain,
        {% for field in contact_fields() + touch_fields() if field != 'email' %}
            contacts.{{ field }},
        {% endfor %}
        emails.email,
        coalesce(
            contacts.user_id,
            contacts.anonymous_id,
            contacts.external_id,
            contacts.hubspot_contact_id,
            contacts.salesforce_id,
            contacts.stripe_customer_id,
            contacts.meta_lead_id,
            contacts.phone
        ) is not null
        -- An answer names the record that it is about.
        or not ({{ is_own_word('contacts.source') }}) as has_other_identifier,
        contacts.occurred_at
    from contacts
    left join emails on contacts.email = emails.email_given

)

select * from candidates
