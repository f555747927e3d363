with

told as (

    select * from {{ ref('stg_salesforce__opportunities') }}

),

registry as (

    select * from {{ ref('enum_registry') }}
    where picklist = 'deal_stage'

),

opportunities as (

    select
        {{ event_columns('told') }},
        told.occurred_at,
        {{ salesforce_record('told.organization_id', 'told.object_id') }} as opportunity_id,
        told.is_deleted,
        false as is_unmapped,
        told.name,
        {{ stage_told('told.stage_name', 'told.is_closed', 'told.is_won') }} as stage_given,
        told.amount as amount_given,
        told.currency,
        told.close_date as closed_at_given,
        '/object/StageName' as stage_path,
        '/object/Amount' as amount_path,
        '/object/CurrencyIsoCode' as currency_path,
        '/object/CloseDate' as closed_at_path
    from told
    left join registry on told.stage_name = registry.value

)

select * from opportunities
