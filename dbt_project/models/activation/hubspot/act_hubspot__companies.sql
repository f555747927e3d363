with

facts as (

    select * from {{ ref('int_account_facts') }}
    where name is not null or domain is not null

),

account_events as (

    select
        account_keys.account_key,
        changes.event_id,
        changes.external_account_id,
        changes.order_key
    from {{ ref('int_account_changes') }} as changes
    inner join {{ ref('int_account_keys') }} as account_keys
        on changes.event_id = account_keys.event_id

),

told as (

    select
        account_key,
        {{ earliest(
            "case when external_account_id like 'hubspot:%' then external_account_id end"
        ) }} as hubspot_account,
        {{ latest('event_id') }} as event_id
    from account_events
    group by account_key

),

traced as (

    select
        told.account_key,
        {{ dbt.split_part('told.hubspot_account', "':'", 3) }} as hubspot_company_id,
        logged.correlation_id
    from told
    inner join {{ ref('int_applied_events') }} as applied on told.event_id = applied.event_id
    inner join {{ ref('base_raw__events') }} as logged on applied.position = logged.position

),

properties as (

    select
        facts.*,
        traced.hubspot_company_id,
        traced.correlation_id,
        {{ json_object({
            'name': json_quote('facts.name'),
            'domain': json_quote('facts.domain'),
            'country': json_quote('facts.country'),
            'numberofemployees': json_quote('cast(facts.employees as bigint)'),
            'annualrevenue': json_quote('facts.annual_revenue'),
            'millrace_account_id': json_quote('facts.account_id'),
            'millrace_industry': json_quote('facts.industry'),
        }) }} as properties
    from facts
    inner join traced on facts.account_key = traced.account_key

),

payloads as (

    select
        *,
        {{ json_object({'properties': 'properties'}) }} as payload
    from properties

),

company_rows as (

    select
        'hubspot' as destination,
        'upsert_company' as action,
        'state' as mode,
        account_id as entity_key,
        account_id as person_id,
        hubspot_company_id as external_id,
        order_key,
        payload,
        {{ sha256_hex('payload') }} as payload_hash,
        last_told_at as event_time,
        {{ no_timestamp() }} as deadline_at,
        2 as priority,
        'crm' as purpose,
        -- A company is no person: nobody's consent is needed for what is known of it.
        'granted' as consent_status,
        cast(null as {{ dbt.type_string() }}) as consent_id,
        correlation_id
    from payloads

)

select * from company_rows
