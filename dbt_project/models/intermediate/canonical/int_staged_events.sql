{% set staged = [
    'stg_typeform__responses',
    'stg_hubspot__contact_changes',
    'stg_hubspot__contact_merges',
    'stg_hubspot__deal_changes',
    'stg_hubspot__deal_contacts',
    'stg_standard__events',
    'stg_millrace__decisions',
    'stg_millrace__answers',
] %}

with

staged as (

    {% for model in staged %}
        select
            event_id,
            vendor_id,
            body_hash,
            correlation_id,
            occurred_at
        from {{ ref(model) }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

logged as (

    select
        staged.event_id,
        staged.vendor_id,
        events.source,
        events.event_key,
        events.event_type,
        staged.body_hash,
        staged.correlation_id,
        events.received_at,
        staged.occurred_at
    from staged
    inner join {{ ref('base_raw__events') }} as events on staged.event_id = events.event_id

)

select * from logged
