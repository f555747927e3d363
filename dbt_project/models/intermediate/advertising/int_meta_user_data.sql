with

people as (

    select * from {{ ref('int_golden_records') }}

),

user_data as (

    select
        person_id,
        {{ meta_hash('em', 'email') }} as em,
        {{ meta_hash('ph', 'phone') }} as ph,
        {{ meta_hash('fn', 'first_name') }} as fn,
        {{ meta_hash('ln', 'last_name') }} as ln,
        {{ meta_hash('country', 'country') }} as country,
        {{ sha256_hex('person_id') }} as external_id,
        fbc,
        fbp,
        client_ip_address,
        client_user_agent,
        {{ meta_limits_use('country') }} as is_limited
    from people

)

select * from user_data
