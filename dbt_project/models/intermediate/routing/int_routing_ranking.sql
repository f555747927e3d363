with

checks as (

    select * from {{ ref('int_routing_checks') }}

),

weights as (

    select
        max(case when code = 'AT_CAPACITY' then weight end) as at_capacity,
        max(case when code = 'INACTIVE' then weight end) as inactive,
        max(case when code = 'OUT_OF_HOURS' then weight end) as out_of_hours,
        max(case when code = 'PRODUCT_LINE' then weight end) as product_line,
        max(case when code = 'SEGMENT' then weight end) as segment,
        max(case when code = 'TERRITORY' then weight end) as territory
    from {{ ref('routing_reasons') }}

),

weighed as (

    select
        checks.*,
        concat_ws(
            '|',
            case when checks.is_at_capacity then 'AT_CAPACITY' end,
            case when checks.is_inactive then 'INACTIVE' end,
            case when checks.is_out_of_hours then 'OUT_OF_HOURS' end,
            case when checks.is_other_product_line then 'PRODUCT_LINE' end,
            case when checks.is_other_segment then 'SEGMENT' end,
            case when checks.is_other_territory then 'TERRITORY' end
        ) as reasons,
        greatest(checks.capacity - checks.open_load, 1)
        * case when checks.is_at_capacity then weights.at_capacity else 1 end
        * case when checks.is_inactive then weights.inactive else 1 end
        * case when checks.is_out_of_hours then weights.out_of_hours else 1 end
        * case when checks.is_other_product_line then weights.product_line else 1 end
        * case when checks.is_other_segment then weights.segment else 1 end
        * case when checks.is_other_territory then weights.territory else 1 end as weight
    from checks
    cross join weights

),

-- Weighted rendezvous hashing: whoever has twice the weight gets twice the leads, and each lead
-- finds its rep without a look at the others.
spread as (

    select
        weighed.*,
        requests.person_id,
        weighed.weight > 0 as is_eligible,
        case
            when weighed.weight > 0
                then
                    -weighed.weight
                    / ln({{ hash_fraction("requests.spread_key || ' ' || weighed.rep_id") }})
        end as pull
    from weighed
    inner join {{ ref('int_routing_requests') }} as requests
        on weighed.assignment_id = requests.assignment_id

),

ranked as (

    select
        assignment_id,
        person_id,
        rep_id,
        is_eligible,
        nullif(reasons, '') as reasons,
        open_load,
        capacity,
        weight,
        case
            when is_eligible
                then
                    cast(
                        row_number() over (
                            partition by assignment_id
                            order by coalesce(pull, 0) desc, rep_id asc
                        ) as integer
                    )
        end as candidate_rank
    from spread

)

select * from ranked
