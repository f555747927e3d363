with

said as (

    {{ union_mappings('consents', 'position, purpose, channel, status, lawful_basis') }}

),

purposes as (

    select * from {{ ref('consent_purposes') }}

),

-- Consent is specific: a grant names its purpose, and without a channel means the main one. A
-- refusal that leaves something out means all of it.
covering as (

    select
        said.position,
        purposes.purpose,
        purposes.channel,
        said.status,
        said.lawful_basis
    from said
    inner join purposes
        on
            coalesce(said.purpose, purposes.purpose) = purposes.purpose
            and coalesce(said.channel, purposes.channel) = purposes.channel
    where
        said.status <> 'granted'
        or (said.purpose is not null and (said.channel is not null or purposes.is_main))

),

strictest as (

    select *
    from covering
    qualify
        row_number() over (
            partition by position, purpose, channel
            order by {{ consent_strictness('status') }} desc, lawful_basis
        ) = 1

),

from_events as (

    select
        {{ vendor_id_of('contact_events.event_id', 'contact_events.source') }}
        || ':' || strictest.purpose || ':' || strictest.channel as consent_id,
        contact_events.event_id,
        contact_events.record_id,
        strictest.purpose,
        strictest.channel,
        strictest.status,
        strictest.lawful_basis,
        {{ order_key_in('contact_events') }} as order_key,
        contact_events.occurred_at
    from {{ ref('int_contact_events') }} as contact_events
    inner join strictest on contact_events.position = strictest.position

),

from_erasures as (

    select
        suppressions.vendor_id || ':' || {{ person_id_of('suppressions.record_id') }}
        || ':' || purposes.purpose || ':' || purposes.channel as consent_id,
        suppressions.event_id,
        suppressions.record_id,
        purposes.purpose,
        purposes.channel,
        'withdrawn' as status,
        cast(null as {{ dbt.type_string() }}) as lawful_basis,
        suppressions.order_key,
        suppressions.occurred_at
    from {{ ref('int_suppressions') }} as suppressions
    cross join purposes

),

consents as (

    select * from from_events
    union all
    select * from from_erasures

)

select * from consents
