with

records as (

    select * from {{ ref('stg_hubspot__records') }}
    where object_type = 'deal'

),

registry as (

    select * from {{ ref('enum_registry') }}
    where picklist = 'deal_stage'

),

deals as (

    select
        records.*,
        record_fields.name,
        lower(record_fields.stage) as stage,
        record_fields.amount,
        upper(record_fields.currency) as currency,
        record_fields.closed_at,
        record_fields.is_closed = 'true' as is_closed,
        record_fields.is_won = 'true' as is_won
    from records
    left join {{ ref('int_hubspot_record_fields') }} as record_fields
        on records.event_id = record_fields.event_id

),

opportunities as (

    select
        {{ event_columns('deals') }},
        deals.occurred_at,
        'hubspot:' || deals.portal_id || ':' || deals.object_id as opportunity_id,
        deals.is_archived as is_deleted,
        false as is_unmapped,
        deals.name,
        {{ stage_told('deals.stage', 'deals.is_closed', 'deals.is_won') }} as stage_given,
        deals.amount as amount_given,
        deals.currency,
        deals.closed_at as closed_at_given,
        '/object/properties/dealstage' as stage_path,
        '/object/properties/amount' as amount_path,
        '/object/properties/deal_currency_code' as currency_path,
        '/object/properties/closedate' as closed_at_path
    from deals
    left join registry on deals.stage = registry.value

)

select * from opportunities
