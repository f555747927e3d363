with

golden as (

    select * from {{ ref('int_golden_records') }}

),

hubspot_contacts as (

    select
        person_id,
        external_id as hubspot_contact_id
    from {{ ref('entity_map') }}
    where system = 'hubspot' and object_type = 'contact' and is_current
    qualify
        row_number() over (
            partition by person_id
            order by
                case when announced_at is null then 1 else 0 end,
                announced_at,
                first_seen_at,
                external_id
        ) = 1

),

scores as (

    select * from {{ ref('fct_scores') }}
    where is_live

),

mqls as (

    select
        person_id,
        min(reached_at) as mql_at
    from {{ ref('fct_mqls') }}
    group by person_id

),

customers as (

    select
        person_id,
        min(converted_at) as customer_at
    from {{ ref('fct_conversions') }}
    group by person_id

),

people as (

    select
        golden.person_id,
        hubspot_contacts.hubspot_contact_id,
        golden.email,
        golden.email_normalised,
        golden.phone,
        golden.first_name,
        golden.last_name,
        golden.company,
        golden.company_domain,
        {{ account_id_of('golden.company_domain') }} as account_id,
        golden.job_title,
        golden.country,
        golden.timezone,
        golden.street,
        golden.city,
        golden.state,
        golden.postcode,
        golden.birth_date,
        golden.employees,
        golden.budget,
        golden.interest,
        golden.original_source,
        golden.original_campaign,
        golden.latest_source,
        case
            when customers.person_id is not null then 'customer'
            when mqls.person_id is not null then 'marketingqualifiedlead'
            else 'lead'
        end as lifecycle_stage,
        cast(floor(coalesce(scores.total, 0)) as integer) as score,
        golden.correlation_id as latest_correlation_id,
        golden.order_key,
        mqls.mql_at,
        customers.customer_at,
        golden.first_seen_at,
        golden.last_seen_at
    from golden
    left join hubspot_contacts on golden.person_id = hubspot_contacts.person_id
    left join scores on golden.person_id = scores.person_id
    left join mqls on golden.person_id = mqls.person_id
    left join customers on golden.person_id = customers.person_id

)

select * from people
