{% set members = [
    'Id', 'Name', 'StageName', 'Amount', 'CurrencyIsoCode', 'CloseDate', 'AccountId', 'ContactId',
    'IsWon', 'IsClosed', 'IsDeleted',
] %}

with

source as (

    select
        *,
        {{ json_record('body', {
            'organization_id': none, 'account': none, 'object': members + salesforce_times(),
        }) }} as told
    from {{ ref('base_raw__events') }}
    where
        source = 'salesforce'
        and event_type in ('Opportunity', 'Opportunity.pulled')
        and body is not null

),

renamed as (

    select
        {{ event_columns() }},
        {{ salesforce_id(salesforce_account()) }} as organization_id,
        {{ salesforce_id(text_of('told.object.Id')) }} as object_id,
        {{ salesforce_id(text_of('told.object.AccountId')) }} as account_id,
        {{ salesforce_id(text_of('told.object.ContactId')) }} as contact_id,

        {{ text_of('told.object.Name') }} as name,
        lower({{ text_of('told.object.StageName') }}) as stage_name,
        {{ text_of('told.object.Amount') }} as amount,
        upper({{ text_of('told.object.CurrencyIsoCode') }}) as currency,
        {{ text_of('told.object.CloseDate') }} as close_date,

        lower({{ text_of('told.object.IsWon') }}) = 'true' as is_won,
        lower({{ text_of('told.object.IsClosed') }}) = 'true' as is_closed,
        {{ flag_of('told.object.IsDeleted') }} as is_deleted,

        {{ salesforce_time() }} as occurred_at
    from source

)

select * from renamed
