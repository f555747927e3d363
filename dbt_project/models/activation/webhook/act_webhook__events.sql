with

people as (

    select
        people.person_id,
        -- No more of a person leaves than what finds it again.
        case when consents.status = 'granted' then people.email end as email,
        consents.purpose,
        consents.status as consent_status,
        consents.consent_id
    from {{ ref('dim_people') }} as people
    inner join {{ ref('dim_consents') }} as consents on people.person_id = consents.person_id
    where consents.purpose = 'crm'

),

assignments as (

    select * from {{ ref('fct_assignments') }}

),

mqls as (

    select
        mqls.mql_id as event_id,
        mqls.person_id,
        'mql.reached' as event_type,
        {{ json_object({
            'email': json_quote('people.email'),
            'id': json_quote('mqls.mql_id'),
            'owner': json_quote('assignments.owner_email'),
            'person_id': json_quote('mqls.person_id'),
            'score': json_number('mqls.score'),
            'score_version': json_quote('mqls.score_version'),
            'threshold': json_number('mqls.threshold'),
        }) }} as data,
        0 as priority,
        mqls.correlation_id,
        mqls.reached_at as occurred_at
    from {{ ref('fct_mqls') }} as mqls
    inner join people on mqls.person_id = people.person_id
    left join assignments on mqls.mql_id = assignments.mql_id
    where not mqls.is_historical

),

conversions as (

    select
        conversions.conversion_id as event_id,
        conversions.person_id,
        'conversion.won' as event_type,
        {{ json_object({
            'currency': json_quote('conversions.currency'),
            'email': json_quote('people.email'),
            'id': json_quote('conversions.conversion_id'),
            'opportunity_id': json_quote('conversions.opportunity_id'),
            'person_id': json_quote('conversions.person_id'),
            'value': json_number('conversions.value'),
        }) }} as data,
        1 as priority,
        conversions.correlation_id,
        conversions.converted_at as occurred_at
    from {{ ref('fct_conversions') }} as conversions
    inner join people on conversions.person_id = people.person_id
    where not conversions.is_historical

),

events as (

    select * from mqls
    union all
    select * from conversions

),

payloads as (

    select
        *,
        {{ json_object({
            'data': 'data',
            'timestamp': json_quote(iso_timestamp('occurred_at')),
            'type': json_quote('event_type'),
        }) }} as payload
    from events

),

event_rows as (

    select
        'webhook' as destination,
        'post_event' as action,
        'event' as mode,
        payloads.event_id as entity_key,
        payloads.person_id,
        cast(null as {{ dbt.type_string() }}) as external_id,
        {{ order_key('payloads.occurred_at', 'payloads.event_id') }} as order_key,
        payloads.payload,
        {{ sha256_hex('payloads.payload') }} as payload_hash,
        payloads.occurred_at as event_time,
        {{ no_timestamp() }} as deadline_at,
        payloads.priority,
        people.purpose,
        people.consent_status,
        people.consent_id,
        payloads.correlation_id
    from payloads
    inner join people on payloads.person_id = people.person_id

)

select * from event_rows
