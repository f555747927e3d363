{% set copied = [
    'user_id', 'anonymous_id', 'external_id', 'hubspot_contact_id', 'salesforce_id',
    'stripe_customer_id', 'meta_lead_id', 'email', 'email_normalised', 'company_domain',
    'first_name', 'last_name', 'company', 'job_title', 'timezone', 'street', 'city', 'state',
    'postcode', 'employees', 'budget', 'interest', 'fbc', 'fbp',
    'ga_client_id', 'client_ip_address', 'client_user_agent',
] %}

with

sayings as (

    select * from {{ ref('int_contact_sayings') }}

),

countries as (

    select * from {{ ref('enum_registry') }}
    where picklist = 'country'

),

located as (

    select
        sayings.*,
        coalesce(countries.canonical_value, upper(sayings.country)) as country_code
    from sayings
    left join countries on lower(sayings.country) = countries.value

),

home_countries as (

    select
        record_id,
        {{ latest('country_code', 'last_order_key') }} as country_code
    from located
    where {{ is_own_word('source') }}
    group by record_id

),

phones_given as (

    select distinct
        located.phone as phone_given,
        coalesce(located.country_code, home_countries.country_code, '') as country_code
    from located
    inner join home_countries on located.record_id = home_countries.record_id
    where located.phone is not null

),

phones as (

    select
        phone_given,
        country_code,
        {{ normalise_phone('phone_given', 'country_code') }} as phone
    from phones_given

),

birth_dates as (

    select * from {{ ref('int_birth_dates') }}

),

statements as (

    select
        located.record_id,
        located.source,
        located.first_event_id,
        located.last_event_id,
        {% for field in copied %}
            located.{{ field }},
        {% endfor %}
        phones.phone,
        -- Nobody is born after having spoken.
        case
            when birth_dates.birth_date <= substr(located.first_order_key, 1, 10)
                then birth_dates.birth_date
        end as birth_date,
        located.country_code as country,
        located.events,
        located.first_order_key,
        located.last_order_key,
        located.first_occurred_at,
        located.last_occurred_at
    from located
    -- Of whom nothing is left but what a vendor said, nothing is said.
    inner join home_countries on located.record_id = home_countries.record_id
    left join phones
        on
            located.phone = phones.phone_given
            and coalesce(located.country_code, home_countries.country_code, '')
            = phones.country_code
    left join birth_dates on located.birth_date = birth_dates.birth_date_given

)

select * from statements
