with

payments as (

    select * from {{ ref('stg_stripe__payments') }}

),

subscriptions as (

    select * from {{ ref('stg_stripe__subscriptions') }}

),

moved as (

    select
        position,
        event_id,
        case event_type
            when 'invoice.payment_failed' then 'payment_failed'
            when 'charge.refunded' then 'payment_refunded'
            else 'payment_succeeded'
        end as activity_type,
        currency,
        case event_type
            when 'invoice.paid' then amount_paid
            when 'invoice.payment_failed' then amount_due
            -- Stripe tells what was paid back of the charge so far.
            when 'charge.refunded' then coalesce(amount_refunded_before, 0) - amount_refunded
            -- A checkout with an invoice is paid by the invoice, which is told as well.
            when
                'checkout.session.completed' then
                case
                    when payment_status = 'paid' and invoice_id is null and subscription_id is null
                        then amount_total
                end
        end as minor_amount
    from payments

),

began_or_ended as (

    select
        position,
        event_id,
        case
            when event_type = 'customer.subscription.deleted' then 'subscription_cancelled'
            when
                event_type = 'customer.subscription.created'
                and status not in ('incomplete', 'incomplete_expired')
                then 'subscription_started'
            -- It waited for its first payment.
            when
                event_type = 'customer.subscription.updated'
                and status_before = 'incomplete'
                and status in ('active', 'trialing')
                then 'subscription_started'
        end as activity_type,
        currency,
        amount as minor_amount
    from subscriptions

),

activities as (

    select * from moved
    where minor_amount <> 0
    union all
    select * from began_or_ended
    where activity_type is not null

),

in_currency as (

    select
        activities.position,
        activities.event_id,
        activities.activity_type,
        cast(null as {{ dbt.type_string() }}) as outcome,
        cast(
            activities.minor_amount * coalesce(currencies.minor_unit, 0.01)
            as {{ dbt.type_string() }}
        ) as amount_given,
        activities.currency,
        '/data/object' as amount_path,
        '/data/object/currency' as currency_path
    from activities
    left join {{ ref('stripe_currencies') }} as currencies
        on activities.currency = currencies.currency

)

select * from in_currency
