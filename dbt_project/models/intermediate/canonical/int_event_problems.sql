with

events as (

    select * from {{ ref('int_staged_events') }}

),

contacts as (

    select * from {{ ref('int_contact_candidates') }}

),

deal_properties as (

    select
        changes.event_id,
        changes.property_value,
        property_map.canonical_field
    from {{ ref('stg_hubspot__deal_changes') }} as changes
    left join {{ ref('hubspot_property_map') }} as property_map
        on
            changes.property_name = property_map.property
            and property_map.object_type = 'deal'
    where changes.change_type = 'property'

),

contact_properties as (

    select
        changes.event_id,
        property_map.canonical_field
    from {{ ref('stg_hubspot__contact_changes') }} as changes
    left join {{ ref('hubspot_property_map') }} as property_map
        on
            changes.property_name = property_map.property
            and property_map.object_type = 'contact'
    where changes.change_type = 'property'

),

picks as (

    select
        event_id,
        'deal_stage' as picklist,
        lower(coalesce(property_value, '')) as picked_value,
        '/propertyValue' as path
    from deal_properties
    where canonical_field = 'stage'
    union all
    select
        event_id,
        'deal_stage' as picklist,
        coalesce(stage, '') as picked_value,
        '/data/stage' as path
    from {{ ref('stg_standard__events') }}
    where event_type = 'opportunity_changed'
    union all
    select
        event_id,
        'consent_purpose' as picklist,
        coalesce(consent_purpose, '') as picked_value,
        '/data/purpose' as path
    from {{ ref('stg_standard__events') }}
    where event_type = 'consent_changed'
    union all
    select
        event_id,
        'consent_status' as picklist,
        coalesce(consent_status, '') as picked_value,
        '/data/status' as path
    from {{ ref('stg_standard__events') }}
    where event_type = 'consent_changed'

),

impossible_times as (

    select
        event_id,
        case source
            when 'typeform' then '/form_response/submitted_at'
            when 'hubspot' then '/occurredAt'
            when 'millrace' then '/occurred_at'
            else '/timestamp'
        end as path,
        case
            when source = 'hubspot' then 'integer'
            when occurred_at is null then 'text'
            else 'text:date'
        end as problem_value
    from events
    where
        occurred_at is null
        or occurred_at < {{ timestamp_from_iso("'2000-01-01T00:00:00Z'") }}
        or occurred_at > {{ add_days('received_at', 1) }}

),

told_times as (

    select
        event_id,
        '/propertyValue' as path,
        property_value as told,
        {{ timestamp_from_text('property_value') }} as told_at
    from deal_properties
    where canonical_field = 'closed_at' and property_value is not null
    union all
    select
        event_id,
        '/data/occurred' as path,
        stage_changed_at as told,
        {{ timestamp_from_iso('stage_changed_at') }} as told_at
    from {{ ref('stg_standard__events') }}
    where stage_changed_at is not null

),

unreadable_times as (

    select
        event_id,
        path,
        {{ text_class('told') }} as problem_value
    from told_times
    where
        told_at is null
        or told_at < {{ timestamp_from_iso("'2000-01-01T00:00:00Z'") }}
        or told_at >= {{ timestamp_from_iso("'2100-01-01T00:00:00Z'") }}

),

unreadable_amounts as (

    select
        event_id,
        '/propertyValue' as path,
        {{ text_class('property_value') }} as problem_value
    from deal_properties
    where
        canonical_field = 'amount'
        and property_value is not null
        and {{ try_to('property_value', 'decimal(18, 2)') }} is null
    union all
    select
        event_id,
        '/data/amount' as path,
        {{ text_class('amount') }} as problem_value
    from {{ ref('stg_standard__events') }}
    where amount is not null and {{ try_to('amount', 'decimal(18, 2)') }} is null

),

problems as (

    select
        event_id,
        'TIMESTAMP_INVALID' as code,
        path,
        problem_value
    from impossible_times
    union all
    select
        event_id,
        'TIMESTAMP_INVALID' as code,
        path,
        problem_value
    from unreadable_times
    union all
    select
        event_id,
        'FIELD_FORMAT' as code,
        path,
        problem_value
    from unreadable_amounts
    union all
    select
        event_id,
        'IDENTIFIER_MISSING' as code,
        '' as path,
        'missing' as problem_value
    from contacts
    where email is null and not has_other_identifier
    union all
    select
        event_id,
        'EMAIL_INVALID' as code,
        '/email' as path,
        {{ text_class('email') }} as problem_value
    from contacts
    where email is not null and email_normalised is null and not has_other_identifier
    union all
    select
        picks.event_id,
        'PICKLIST_UNKNOWN' as code,
        picks.path,
        {{ text_class("nullif(picks.picked_value, '')") }} as problem_value
    from picks
    left join {{ ref('enum_registry') }} as registry
        on picks.picklist = registry.picklist and picks.picked_value = registry.value
    where registry.value is null
    union all
    select
        event_id,
        'PROPERTY_NOT_MAPPED' as code,
        '/propertyName' as path,
        'text' as problem_value
    from deal_properties
    where canonical_field is null
    union all
    select
        event_id,
        'PROPERTY_NOT_MAPPED' as code,
        '/propertyName' as path,
        'text' as problem_value
    from contact_properties
    where canonical_field is null

),

worst as (

    select
        event_id,
        code,
        path,
        problem_value,
        case when code = 'PROPERTY_NOT_MAPPED' then 'ignored' else 'quarantined' end as outcome
    from problems
    qualify
        row_number() over (
            partition by event_id
            order by case when code = 'PROPERTY_NOT_MAPPED' then 0 else 1 end, code, path
        ) = 1

)

select * from worst
