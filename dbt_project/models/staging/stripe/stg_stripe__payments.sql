{% set details = ['email', 'name', 'phone'] %}
{% set members = {
    'id': none, 'customer': none, 'currency': none, 'client_reference_id': none,
    'payment_status': none, 'invoice': none, 'subscription': none,
    'amount_total': none, 'amount_due': none, 'amount_paid': none, 'amount_refunded': none,
    'customer_email': none, 'customer_name': none, 'customer_phone': none,
    'customer_details': details, 'billing_details': details,
} %}

with

source as (

    select
        *,
        {{ json_record('body', {
            'created': none,
            'data': {'object': members, 'previous_attributes': ['amount_refunded']},
        }) }} as told
    from {{ ref('base_raw__events') }}
    where
        source = 'stripe'
        and event_type in (
            'checkout.session.completed', 'invoice.paid', 'invoice.payment_failed',
            'charge.refunded'
        )
        and body is not null

),

renamed as (

    select
        {{ event_columns() }},
        {{ text_of('told.data.object.id') }} as object_id,
        {{ stripe_reference(text_of('told.data.object.customer')) }} as customer_id,
        {{ stripe_reference(text_of('told.data.object.invoice')) }} as invoice_id,
        {{ stripe_reference(text_of('told.data.object.subscription')) }} as subscription_id,
        {{ text_of('told.data.object.client_reference_id') }} as client_reference_id,

        {% for detail in details %}
            coalesce(
                {{ text_of('told.data.object.customer_details.' ~ detail) }},
                {{ text_of('told.data.object.customer_' ~ detail) }},
                {{ text_of('told.data.object.billing_details.' ~ detail) }}
            ) as {{ detail }},
        {% endfor %}
        {{ text_of('told.data.object.payment_status') }} as payment_status,
        upper({{ text_of('told.data.object.currency') }}) as currency,

        {% for amount in ['amount_total', 'amount_due', 'amount_paid', 'amount_refunded'] %}
            {{ try_to('told.data.object.' ~ amount, 'decimal(18, 0)') }} as {{ amount }},
        {% endfor %}
        {{ try_to('told.data.previous_attributes.amount_refunded', 'decimal(18, 0)') }}
            as amount_refunded_before,

        {{ timestamp_from_seconds(text_of('told.created')) }} as occurred_at
    from source

)

select * from renamed
