with

conversions as (

    select
        conversion_id,
        person_id,
        opportunity_id,
        currency,
        value,
        converted_at,
        case
            when
                row_number() over (
                    partition by person_id
                    order by converted_at, conversion_id
                ) = 1
                then 'new_customer'
            else 'repeat_customer'
        end as conversion_type
    from {{ ref('fct_conversions') }}

),

first_mqls as (

    select
        person_id,
        min(reached_at) as reached_at
    from {{ ref('fct_mqls') }}
    group by person_id

),

milestones as (

    select
        conversions.conversion_id,
        conversions.conversion_type,
        conversions.person_id,
        conversions.currency,
        conversions.value,
        first_mqls.reached_at as lead_created_at,
        opportunities.created_at as opportunity_created_at,
        conversions.converted_at
    from conversions
    left join first_mqls on conversions.person_id = first_mqls.person_id
    left join {{ ref('fct_opportunities') }} as opportunities
        on conversions.opportunity_id = opportunities.opportunity_id

)

select * from milestones
