with

-- What HubSpot told us of is never written back.
opportunities as (

    select * from {{ ref('fct_opportunities') }}
    where source <> 'hubspot' and not is_deleted

),

told as (

    select
        opportunity_id,
        {{ latest('event_id') }} as event_id,
        max(order_key) as order_key
    from {{ ref('int_opportunity_changes') }}
    group by opportunity_id

),

traced as (

    select
        told.opportunity_id,
        told.order_key,
        logged.correlation_id
    from told
    inner join {{ ref('int_applied_events') }} as applied on told.event_id = applied.event_id
    inner join {{ ref('base_raw__events') }} as logged on applied.position = logged.position

),

-- Whom and what a deal refers to must be sent to HubSpot too: it waits for it.
people as (

    select
        people.*,
        facts.account_id as company_id,
        coalesce(
            people.company,
            nullif(concat_ws(' ', people.first_name, people.last_name), ''),
            people.email,
            people.phone
        ) as deal_with
    from {{ ref('dim_people') }} as people
    left join {{ ref('int_account_facts') }} as facts
        on
            people.account_id = facts.account_id
            and (facts.name is not null or facts.domain is not null)
    where people.email is not null or people.phone is not null

),

stages as (

    select * from {{ ref('hubspot_deal_stages') }}

),

owners as (

    select * from {{ ref('int_contact_owners') }}

),

consents as (

    select * from {{ ref('dim_consents') }}
    where purpose = 'crm'

),

properties as (

    select
        opportunities.*,
        traced.order_key,
        traced.correlation_id,
        people.company_id,
        {{ json_object({
            'dealname': json_quote('coalesce(opportunities.name, people.deal_with)'),
            'amount': json_quote('opportunities.amount'),
            'deal_currency_code': json_quote('opportunities.currency'),
            'dealstage': json_quote('stages.dealstage'),
            'pipeline': json_quote('stages.pipeline'),
            'closedate': json_quote(iso_timestamp('opportunities.won_at')),
            'hubspot_owner_id': json_quote('owners.hubspot_owner_id'),
            'millrace_deal_id': json_quote('opportunities.opportunity_id'),
        }) }} as properties
    from opportunities
    inner join traced on opportunities.opportunity_id = traced.opportunity_id
    inner join people on opportunities.person_id = people.person_id
    left join stages on opportunities.stage = stages.stage
    left join owners on opportunities.person_id = owners.person_id

),

payloads as (

    select
        *,
        {{ json_object({
            'properties': 'properties',
            'refers_to': json_object({
                'contact': json_quote('person_id'),
                'company': json_quote('company_id'),
            }),
        }) }} as payload
    from properties

),

deal_rows as (

    select
        'hubspot' as destination,
        'upsert_deal' as action,
        'state' as mode,
        payloads.opportunity_id as entity_key,
        payloads.person_id,
        cast(null as {{ dbt.type_string() }}) as external_id,
        payloads.order_key,
        payloads.payload,
        {{ sha256_hex('payloads.payload') }} as payload_hash,
        payloads.updated_at as event_time,
        {{ no_timestamp() }} as deadline_at,
        3 as priority,
        consents.purpose,
        consents.status as consent_status,
        consents.consent_id,
        payloads.correlation_id
    from payloads
    inner join consents on payloads.person_id = consents.person_id

)

select * from deal_rows
