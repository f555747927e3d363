with

source as (

    select * from {{ source('raw', 'events') }}

),

renamed as (

    select
        source || ':' || event_key as event_id,
        position,
        source || ':'
        || {{ vendor_key('event_key') }} as vendor_id,

        source,
        event_key,
        kind,
        event_type,
        contract,
        correlation_id,
        body_hash,

        case
            when problem_code is null and not {{ is_json('body') }} then 'BODY_NOT_JSON'
            else problem_code
        end as problem_code,
        problem_path,
        problem_value,
        case when problem_code is null and {{ is_json('body') }} then body end as body,

        historical as is_historical,

        received_at
    from source

)

select * from renamed
