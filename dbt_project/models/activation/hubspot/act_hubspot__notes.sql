with

mqls as (

    select * from {{ ref('fct_mqls') }}
    where not is_historical

),

people as (

    select * from {{ ref('dim_people') }}
    where email is not null or phone is not null

),

consents as (

    select * from {{ ref('dim_consents') }}
    where purpose = 'crm'

),

-- Before any decay: a note says what counted, and stays as it was written.
reasons as (

    select
        mqls.mql_id,
        contributions.rule_id,
        cast(sum(contributions.full_points) as bigint) as points,
        count(*) as times,
        {{ latest('contributions.reason', 'contributions.contribution_id') }} as reason,
        max(contributions.kind) as kind
    from mqls
    inner join {{ ref('int_score_contributions') }} as contributions
        on
            mqls.person_id = contributions.person_id
            and mqls.score_version = contributions.version
    where contributions.occurred_at <= mqls.reached_at
    group by mqls.mql_id, contributions.rule_id

),

ranked as (

    select
        *,
        row_number() over (
            partition by mql_id
            order by points desc, rule_id asc
        ) as place,
        replace(rule_id, '_', ' ')
        || case when points > 0 then ' +' else ' ' end || cast(points as {{ dbt.type_string() }})
        || case
            when times > 1 then ' (' || cast(times as {{ dbt.type_string() }}) || ' times)'
            when kind = 'fit' then ' (' || {{ html_text('reason') }} || ')'
            else ''
        end as said
    from reasons

),

top_reasons as (

    select
        mql_id,
        {{ joined_text('said', "'<br>'", 'place') }} as said
    from ranked
    where place <= {{ var('reasons_in_a_note') }}
    group by mql_id

),

worded as (

    select
        mqls.*,
        'Score ' || mqls.score || '; the threshold is ' || mqls.threshold || '.'
        || coalesce('<br>' || top_reasons.said, '')
        || coalesce('<br>First source: ' || {{ html_text('people.original_source') }}, '')
        || coalesce('<br>First campaign: ' || {{ html_text('people.original_campaign') }}, '')
        || coalesce('<br>Latest source: ' || {{ html_text('people.latest_source') }}, '')
            as note_body
    from mqls
    inner join people on mqls.person_id = people.person_id
    left join top_reasons on mqls.mql_id = top_reasons.mql_id

),

properties as (

    select
        *,
        {{ json_object({
            'hs_note_body': json_quote('note_body'),
            'hs_timestamp': json_quote(iso_timestamp('reached_at')),
            'millrace_key': json_quote('mql_id'),
        }) }} as properties
    from worded

),

payloads as (

    select
        *,
        {{ json_object({
            'properties': 'properties',
            'refers_to': json_object({'contact': json_quote('person_id')}),
        }) }} as payload
    from properties

),

note_rows as (

    select
        'hubspot' as destination,
        'create_note' as action,
        'event' as mode,
        payloads.mql_id as entity_key,
        payloads.person_id,
        cast(null as {{ dbt.type_string() }}) as external_id,
        {{ order_key('payloads.reached_at', 'payloads.mql_id') }} as order_key,
        payloads.payload,
        {{ sha256_hex('payloads.payload') }} as payload_hash,
        payloads.reached_at as event_time,
        {{ no_timestamp() }} as deadline_at,
        1 as priority,
        consents.purpose,
        consents.status as consent_status,
        consents.consent_id,
        payloads.correlation_id
    from payloads
    inner join consents on payloads.person_id = consents.person_id

)

select * from note_rows
