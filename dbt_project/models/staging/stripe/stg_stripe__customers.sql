{% set members = ['id', 'email', 'name', 'phone'] %}

with

source as (

    select
        *,
        {{ json_record('body', {
            'created': none,
            'pulled_at': none,
            'object': none,
            'data': {'object': none},
        }) }} as told
    from {{ ref('base_raw__events') }}
    where
        source = 'stripe'
        and event_type in ('customer.created', 'customer.updated', 'customer.pulled')
        and body is not null

),

-- A webhook has the customer in `data`, a pull beside it.
read as (

    select
        source.*,
        case
            when source.event_type = 'customer.pulled' then source.told.object
            else source.told.data.object
        end as customer_json
    from source

),

parsed as (

    select
        *,
        {{ json_record('customer_json', members) }} as customer
    from read

),

renamed as (

    select
        {{ event_columns() }},
        {{ text_of('customer.id') }} as customer_id,

        {{ text_of('customer.email') }} as email,
        {{ text_of('customer.phone') }} as phone,
        {{ text_of('customer.name') }} as name,

        case
            when parsed.event_type = 'customer.pulled'
                then {{ timestamp_from_iso(text_of('told.pulled_at')) }}
            else {{ timestamp_from_seconds(text_of('told.created')) }}
        end as occurred_at
    from parsed

)

select * from renamed
