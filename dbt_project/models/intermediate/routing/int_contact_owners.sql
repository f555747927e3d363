{{ config(materialized='view') }}

with

assigned as (

    select * from {{ ref('fct_assignments') }}
    where is_current

),

set_in_crm as (

    select * from {{ ref('int_crm_owners') }}

),

owners as (

    select
        golden.person_id,
        -- What a person chose in the CRM stands; of an owner we do not know we write nothing.
        case
            when set_in_crm.person_id is null then assigned.hubspot_owner_id
            when set_in_crm.can_work then set_in_crm.hubspot_owner_id
        end as hubspot_owner_id,
        case
            when set_in_crm.person_id is null then assigned.owner_email else set_in_crm.owner_email
        end as owner_email
    from {{ ref('int_golden_records') }} as golden
    left join assigned on golden.person_id = assigned.person_id
    left join set_in_crm on golden.person_id = set_in_crm.person_id
    where coalesce(assigned.person_id, set_in_crm.person_id) is not null

)

select * from owners
