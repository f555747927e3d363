{% set members = ['Id', 'OpportunityId', 'ContactId', 'IsPrimary', 'IsDeleted'] %}

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
        and event_type = 'OpportunityContactRole.pulled'
        and body is not null

),

renamed as (

    select
        {{ event_columns() }},
        {{ salesforce_id(salesforce_account()) }} as organization_id,
        {{ salesforce_id(text_of('told.object.OpportunityId')) }} as opportunity_id,
        {{ salesforce_id(text_of('told.object.ContactId')) }} as contact_id,

        {{ flag_of('told.object.IsPrimary') }} as is_primary,
        {{ flag_of('told.object.IsDeleted') }} as is_removed,

        {{ salesforce_time() }} as occurred_at
    from source

)

select * from renamed
