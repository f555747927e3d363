{% set names = var('meta_lead_stages') %}

with

stages as (

    select * from {{ ref('int_meta_lead_stages') }}
    where not is_historical and stage in ({{ quoted(names) }})

),

matches as (

    select * from {{ ref('int_meta_user_data') }}

),

consents as (

    select * from {{ ref('dim_consents') }}
    where purpose = 'advertising'

),

matched as (

    select
        stages.*,
        matches.is_limited,
        case stages.stage
            {% for stage in names %}
                when '{{ stage }}' then '{{ names[stage] }}'
            {% endfor %}
        end as event_name,
        {{ meta_user_data({'lead_id': 'stages.lead_id'}) }} as user_data,
        -- No value: what a deal is worth is told by its purchase alone.
        {{ json_object({
            'event_source': json_quote("'crm'"),
            'lead_event_source': json_quote("'" ~ var('meta_lead_event_source') ~ "'"),
        }) }} as custom_data
    from stages
    inner join matches on stages.person_id = matches.person_id

),

payloads as (

    select
        *,
        {{ meta_event(
            'event_name',
            'reached_at',
            sha256_hex('lead_stage_id'),
            'system_generated',
            'is_limited',
            {'custom_data': 'custom_data'},
        ) }} as payload
    from matched

),

event_rows as (

    select
        'meta' as destination,
        'send_lead_event' as action,
        'event' as mode,
        payloads.lead_stage_id as entity_key,
        payloads.person_id,
        cast(null as {{ dbt.type_string() }}) as external_id,
        {{ order_key('payloads.reached_at', 'payloads.lead_stage_id') }} as order_key,
        payloads.payload,
        {{ sha256_hex('payloads.payload') }} as payload_hash,
        payloads.reached_at as event_time,
        {{ add_days('payloads.reached_at', 7) }} as deadline_at,
        2 as priority,
        consents.purpose,
        consents.status as consent_status,
        consents.consent_id,
        payloads.correlation_id
    from payloads
    inner join consents on payloads.person_id = consents.person_id

)

select * from event_rows
