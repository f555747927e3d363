with

questions as (

    select questions.*
    from {{ ref('int_enrichment_questions') }} as questions
    left join {{ ref('int_enrichment_answers') }} as answers
        on
            questions.person_id = answers.person_id
            and questions.email_sha256 = answers.email_sha256
            and answers.destination = 'apollo'
    where answers.person_id is null

),

consents as (

    select * from {{ ref('dim_consents') }}
    where purpose = 'crm'

),

payloads as (

    select
        *,
        {{ json_object({
            'domain': json_quote('company_domain'),
            'first_name': json_quote('first_name'),
            'hashed_email': json_quote('email_sha256'),
            'last_name': json_quote('last_name'),
            'keeps': json_object({
                'email_sha256': json_quote('email_sha256'),
                'record_id': json_quote('record_id'),
            }),
        }) }} as payload
    from questions

),

question_rows as (

    select
        'apollo' as destination,
        'enrich_person' as action,
        'event' as mode,
        payloads.entity_key,
        payloads.person_id,
        cast(null as {{ dbt.type_string() }}) as external_id,
        payloads.order_key,
        payloads.payload,
        {{ sha256_hex('payloads.payload') }} as payload_hash,
        payloads.seen_at as event_time,
        payloads.deadline_at,
        payloads.priority,
        consents.purpose,
        consents.status as consent_status,
        consents.consent_id,
        payloads.correlation_id
    from payloads
    inner join consents on payloads.person_id = consents.person_id

)

select * from question_rows
