{#
    Salesforce gets back nothing that it said itself: of an account that it knows, only the figures
    whose latest word came from another source.
#}
{% set fields = {
    'name': 'name',
    'employees': first_number('employees_given'),
    'annual_revenue': try_to('revenue_given', 'decimal(18, 2)'),
} %}

with

changes as (

    select
        account_keys.account_key,
        account_keys.domain,
        changes.event_id,
        changes.source,
        changes.external_account_id,
        changes.name,
        cast({{ fields.employees }} as bigint) as employees,
        {{ fields.annual_revenue }} as annual_revenue,
        changes.order_key,
        changes.occurred_at
    from {{ ref('int_account_changes') }} as changes
    inner join {{ ref('int_account_keys') }} as account_keys
        on changes.event_id = account_keys.event_id

),

folded as (

    select
        account_key,
        max(domain) as domain,
        {% for field in fields %}
            {{ latest(field) }} as {{ field }},
            {{ latest('case when ' ~ field ~ ' is not null then source end') }}
                as {{ field }}_source,
        {% endfor %}
        {{ earliest("case when source = 'salesforce' then external_account_id end") }}
            as salesforce_record,
        {{ latest('event_id') }} as event_id,
        max(order_key) as order_key,
        max(occurred_at) as last_told_at
    from changes
    group by account_key

),

accounts as (

    select
        {{ account_id_of('account_key') }} as account_id,
        event_id,
        order_key,
        last_told_at,
        -- A record's id is its last part, of 18 characters.
        substr(salesforce_record, length(salesforce_record) - 17) as salesforce_account_id,
        case when salesforce_record is null then coalesce(name, domain) end as new_name,
        case when salesforce_record is null then domain end as website,
        case when employees_source <> 'salesforce' then employees end as employees,
        case when annual_revenue_source <> 'salesforce' then annual_revenue end as annual_revenue
    from folded

),

payloads as (

    select
        *,
        {{ json_object({
            'fields': json_object({
                'AnnualRevenue': json_number('annual_revenue'),
                'Name': json_quote('new_name'),
                'NumberOfEmployees': json_number('employees'),
                'Website': json_quote('website'),
            }),
        }) }} as payload
    from accounts
    where
        new_name is not null
        or (salesforce_account_id is not null and coalesce(employees, annual_revenue) is not null)

),

account_rows as (

    select
        'salesforce' as destination,
        'upsert_account' as action,
        'state' as mode,
        payloads.account_id as entity_key,
        payloads.account_id as person_id,
        payloads.salesforce_account_id as external_id,
        payloads.order_key,
        payloads.payload,
        {{ sha256_hex('payloads.payload') }} as payload_hash,
        payloads.last_told_at as event_time,
        {{ no_timestamp() }} as deadline_at,
        3 as priority,
        'crm' as purpose,
        'granted' as consent_status,
        cast(null as {{ dbt.type_string() }}) as consent_id,
        logged.correlation_id
    from payloads
    left join {{ ref('int_applied_events') }} as causes on payloads.event_id = causes.event_id
    left join {{ ref('base_raw__events') }} as logged on causes.position = logged.position

)

select * from account_rows
