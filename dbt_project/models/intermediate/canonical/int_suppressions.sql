with

erased as (

    select * from {{ ref('int_erased_identifiers') }}

),

salts as (

    select distinct salt from erased

),

identifying_fields as (

    select distinct field
    from {{ ref('match_rules') }}
    where strength in ('strong', 'single')

),

fields as (

    select
        fields.record_id,
        fields.field,
        fields.field_value
    from {{ ref('int_identity_fields') }} as fields
    inner join identifying_fields on fields.field = identifying_fields.field

),

hashed as (

    select
        fields.record_id,
        salts.salt,
        {{ sha256_hex("salts.salt || ':' || fields.field || ':' || fields.field_value") }}
            as identifier_hash
    from fields
    cross join salts

),

suppressions as (

    select distinct
        hashed.record_id,
        erased.event_id,
        erased.vendor_id,
        erased.order_key,
        erased.occurred_at
    from hashed
    inner join erased
        on hashed.salt = erased.salt and hashed.identifier_hash = erased.identifier_hash

)

select * from suppressions
