{% set opportunity_columns = 'position, event_id, is_unmapped, stage_given, amount_given,'
    ~ ' currency, closed_at_given, stage_path, amount_path, currency_path, closed_at_path' %}
{% set spend_columns =
    'position, event_id, day_given, day_path, amount_given, amount_path, currency, currency_path' %}
{% set activity_columns =
    'position, event_id, outcome, amount_given, amount_path, currency, currency_path' %}

with

staged as (

    select * from {{ ref('int_staged_events') }}

),

contacts as (

    select * from {{ ref('int_contact_candidates') }}

),

opportunities as (

    {{ union_mappings('opportunities', opportunity_columns) }}

),

contact_properties as (

    select changes.*
    from {{ ref('stg_hubspot__contact_changes') }} as changes
    left join {{ ref('hubspot_property_map') }} as property_map
        on
            property_map.object_type = 'contact'
            and changes.property_name = property_map.property
    where changes.change_type = 'property' and property_map.canonical_field is null

),

company_properties as (

    select changes.*
    from {{ ref('stg_hubspot__company_changes') }} as changes
    left join {{ ref('hubspot_property_map') }} as property_map
        on
            property_map.object_type = 'company'
            and changes.property_name = property_map.property
    where changes.change_type = 'property' and property_map.canonical_field is null

),

spend as (

    {{ union_mappings('spend', spend_columns) }}

),

activities as (

    {{ union_mappings('activities', activity_columns) }}

),

consents as (

    select * from {{ ref('stg_standard__events') }}
    where event_type = 'consent_changed'

),

amounts as (

    select
        position,
        event_id,
        amount_path as path,
        amount_given
    from opportunities
    where amount_given is not null
    union all
    select
        position,
        event_id,
        amount_path as path,
        amount_given
    from activities
    where amount_given is not null
    union all
    select
        position,
        event_id,
        amount_path as path,
        amount_given
    from spend

),

currencies as (

    select
        position,
        event_id,
        currency,
        currency_path as path
    from opportunities
    where currency is not null
    union all
    select
        position,
        event_id,
        currency,
        currency_path as path
    from activities
    where currency is not null
    union all
    select
        position,
        event_id,
        currency,
        currency_path as path
    from spend
    where currency is not null

),

picks as (

    select
        position,
        event_id,
        'deal_stage' as picklist,
        stage_given as picked_value,
        stage_path as path
    from opportunities
    where stage_given is not null
    union all
    select
        position,
        event_id,
        'consent_purpose' as picklist,
        coalesce(purpose, '') as picked_value,
        '/data/purpose' as path
    from consents
    union all
    select
        position,
        event_id,
        'consent_channel' as picklist,
        channel as picked_value,
        '/data/channel' as path
    from consents
    where channel is not null
    union all
    select
        position,
        event_id,
        'consent_status' as picklist,
        coalesce(status, '') as picked_value,
        '/data/status' as path
    from consents
    union all
    select
        position,
        event_id,
        'meeting_outcome' as picklist,
        outcome as picked_value,
        '/data/outcome' as path
    from activities
    where outcome is not null
    union all
    select
        position,
        event_id,
        'currency' as picklist,
        currency as picked_value,
        path
    from currencies

),

unknown_picks as (

    select picks.*
    from picks
    left join {{ ref('enum_registry') }} as registry
        on picks.picklist = registry.picklist and picks.picked_value = registry.value
    where registry.value is null

),

impossible_times as (

    select
        position,
        event_id,
        {{ event_time_path() }} as path,
        case
            when {{ tells_time_by_a_number() }} then 'integer'
            when occurred_at is null then 'text'
            else 'text:date'
        end as problem_value
    from staged
    where
        occurred_at is null
        or occurred_at < {{ timestamp_from_iso("'2000-01-01T00:00:00Z'") }}
        or occurred_at > {{ add_days('received_at', 1) }}

),

told_times as (

    select
        position,
        event_id,
        closed_at_path as path,
        closed_at_given as told,
        {{ timestamp_from_text('closed_at_given') }} as told_at
    from opportunities
    where closed_at_given is not null

),

problems as (

    select
        position,
        event_id,
        'TIMESTAMP_INVALID' as code,
        path,
        problem_value
    from impossible_times
    union all
    select
        position,
        event_id,
        'TIMESTAMP_INVALID' as code,
        path,
        {{ text_class('told') }} as problem_value
    from told_times
    where
        told_at is null
        or told_at < {{ timestamp_from_iso("'2000-01-01T00:00:00Z'") }}
        or told_at >= {{ timestamp_from_iso("'2100-01-01T00:00:00Z'") }}
    union all
    select
        position,
        event_id,
        'TIMESTAMP_INVALID' as code,
        day_path as path,
        {{ text_class('day_given') }} as problem_value
    from spend
    where {{ try_to('day_given', 'date') }} is null
    union all
    select
        position,
        event_id,
        'FIELD_FORMAT' as code,
        path,
        {{ text_class('amount_given') }} as problem_value
    from amounts
    where {{ try_to('amount_given', 'decimal(18, 2)') }} is null
    union all
    select
        position,
        event_id,
        'IDENTIFIER_MISSING' as code,
        '' as path,
        'missing' as problem_value
    from contacts
    where email_given is null and not has_other_identifier
    union all
    select
        position,
        event_id,
        'EMAIL_INVALID' as code,
        '/email' as path,
        {{ text_class('email_given') }} as problem_value
    from contacts
    where email_given is not null and email_normalised is null and not has_other_identifier
    union all
    select
        position,
        event_id,
        'PICKLIST_UNKNOWN' as code,
        path,
        {{ text_class("nullif(picked_value, '')") }} as problem_value
    from unknown_picks
    union all
    select
        position,
        event_id,
        'PROPERTY_NOT_MAPPED' as code,
        '/propertyName' as path,
        'text' as problem_value
    from opportunities
    where is_unmapped
    union all
    select
        position,
        event_id,
        'PROPERTY_NOT_MAPPED' as code,
        '/propertyName' as path,
        'text' as problem_value
    from contact_properties
    union all
    select
        position,
        event_id,
        'PROPERTY_NOT_MAPPED' as code,
        '/propertyName' as path,
        'text' as problem_value
    from company_properties

),

worst as (

    select
        position,
        event_id,
        code,
        path,
        problem_value,
        case when code = 'PROPERTY_NOT_MAPPED' then 'ignored' else 'quarantined' end as outcome
    from problems
    qualify
        row_number() over (
            partition by position
            order by case when code = 'PROPERTY_NOT_MAPPED' then 0 else 1 end, code, path
        ) = 1

)

select * from worst
