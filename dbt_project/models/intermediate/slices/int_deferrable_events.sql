{{ config(materialized='view') }}

with

activities as (

    {{ union_mappings('activities', 'position, activity_type') }}

),

consents as (

    select distinct position
    from (
        {{ union_mappings('consents', 'position') }}
    ) as told

),

patient_activities as (

    select activity_type from {{ ref('deferrable_activities') }}

),

deferred as (

    select activities.position
    from activities
    inner join patient_activities
        on activities.activity_type = patient_activities.activity_type
    left join consents on activities.position = consents.position
    where consents.position is null

)

select * from deferred
