with

source as (

    select * from {{ source('raw', 'deliveries') }}

),

renamed as (

    select
        delivery_id,
        entity_key,
        person_id,
        correlation_id,

        destination,
        action,
        mode,
        state,
        code,

        priority,
        attempts,
        possible_repeats,

        event_time,
        deadline_at,
        created_at,
        requested_at,
        last_attempt_at,
        delivered_at,
        updated_at
    from source

)

select * from renamed
