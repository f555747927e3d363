{% set members = ['id', 'customer', 'status', 'currency'] %}
{% set first_item = '$.data.object.items.data[0]' %}

with

source as (

    select
        *,
        {{ json_record('body', {
            'created': none,
            'data': {'object': members, 'previous_attributes': ['status']},
        }) }} as told
    from {{ ref('base_raw__events') }}
    where
        source = 'stripe'
        and event_type in (
            'customer.subscription.created', 'customer.subscription.updated',
            'customer.subscription.deleted'
        )
        and body is not null

),

renamed as (

    select
        {{ event_columns() }},
        {{ text_of('told.data.object.id') }} as subscription_id,
        {{ stripe_reference(text_of('told.data.object.customer')) }} as customer_id,

        {{ text_of('told.data.object.status') }} as status,
        {{ text_of('told.data.previous_attributes.status') }} as status_before,
        upper({{ text_of('told.data.object.currency') }}) as currency,

        -- Of several items, one price would be a wrong one.
        case
            when {{ json_text('body', '$.data.object.items.data[1].id') }} is null
                then
                    {{ try_to(json_text('body', first_item ~ '.price.unit_amount'),
                              'decimal(18, 0)') }}
                    * coalesce(
                        {{ try_to(json_text('body', first_item ~ '.quantity'), 'integer') }}, 1
                    )
        end as amount,

        {{ timestamp_from_seconds(text_of('told.created')) }} as occurred_at
    from source

)

select * from renamed
