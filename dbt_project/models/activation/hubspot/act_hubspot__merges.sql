with

people as (

    select * from {{ ref('dim_people') }}
    where hubspot_contact_id is not null

),

-- Off as the project comes: HubSpot cannot undo a merge.
contacts as (

    select * from {{ ref('entity_map') }}
    where
        {{ var('hubspot_merge_contacts') | lower }}
        and system = 'hubspot'
        and object_type = 'contact'
        and is_current

),

consents as (

    select * from {{ ref('dim_consents') }}
    where purpose = 'crm'

),

pairs as (

    select
        people.person_id,
        people.latest_correlation_id as correlation_id,
        people.hubspot_contact_id as primary_id,
        others.external_id as other_id,
        people.hubspot_contact_id || ':' || others.external_id as pair_key,
        greatest(winners.first_seen_at, others.first_seen_at) as known_at
    from people
    inner join contacts as winners
        on
            people.person_id = winners.person_id
            and people.hubspot_contact_id = winners.external_id
    inner join contacts as others
        on
            people.person_id = others.person_id
            and people.hubspot_contact_id <> others.external_id

),

payloads as (

    select
        *,
        {{ json_object({
            'objectIdToMerge': json_quote('other_id'),
            'primaryObjectId': json_quote('primary_id'),
        }) }} as payload
    from pairs

),

merge_rows as (

    select
        'hubspot' as destination,
        'merge_contacts' as action,
        'event' as mode,
        payloads.pair_key as entity_key,
        payloads.person_id,
        cast(null as {{ dbt.type_string() }}) as external_id,
        {{ order_key('payloads.known_at', 'payloads.pair_key') }} as order_key,
        payloads.payload,
        {{ sha256_hex('payloads.payload') }} as payload_hash,
        payloads.known_at as event_time,
        {{ no_timestamp() }} as deadline_at,
        3 as priority,
        consents.purpose,
        consents.status as consent_status,
        consents.consent_id,
        payloads.correlation_id
    from payloads
    inner join consents on payloads.person_id = consents.person_id

)

select * from merge_rows
