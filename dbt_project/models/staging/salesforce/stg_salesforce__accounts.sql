{% set members = [
    'Id', 'Name', 'Website', 'Industry', 'NumberOfEmployees', 'AnnualRevenue', 'BillingCountry',
    'ParentId', 'OwnerId', 'IsDeleted',
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
        and event_type in ('Account', 'Account.pulled')
        and body is not null

),

renamed as (

    select
        {{ event_columns() }},
        {{ salesforce_id(salesforce_account()) }} as organization_id,
        {{ salesforce_id(text_of('told.object.Id')) }} as object_id,
        {{ salesforce_id(text_of('told.object.ParentId')) }} as parent_id,
        {{ salesforce_id(text_of('told.object.OwnerId')) }} as owner_id,

        {{ text_of('told.object.Name') }} as name,
        {{ text_of('told.object.Website') }} as website,
        {{ text_of('told.object.Industry') }} as industry,
        {{ text_of('told.object.BillingCountry') }} as country,

        {{ text_of('told.object.NumberOfEmployees') }} as employees,
        {{ text_of('told.object.AnnualRevenue') }} as annual_revenue,

        {{ flag_of('told.object.IsDeleted') }} as is_deleted,

        {{ salesforce_time() }} as occurred_at
    from source

)

select * from renamed
