{% set checks = {
    'AT_CAPACITY': 'is_at_capacity',
    'INACTIVE': 'is_inactive',
    'OUT_OF_HOURS': 'is_out_of_hours',
    'PRODUCT_LINE': 'is_other_product_line',
    'SEGMENT': 'is_other_segment',
    'TERRITORY': 'is_other_territory',
} %}

with

checks as (

    select * from {{ ref('int_routing_checks') }}

),

weights as (

    select
        {% for code in checks %}
            max(case when code = '{{ code }}' then weight end) as {{ code | lower }}
            {{- ',' if not loop.last }}
        {% endfor %}
    from {{ ref('routing_reasons') }}

),

weighed as (

    select
        checks.*,
        concat_ws(
            '|'
            {%- for code, check in checks.items() %},
            case when checks.{{ check }} then '{{ code }}' end
            {%- endfor %}
        ) as reasons,
        cast(greatest(checks.capacity - checks.open_load, 1) as double precision)
        {%- for code, check in checks.items() %}
        * case when checks.{{ check }} then weights.{{ code | lower }} else 1 end
        {%- endfor %} as weight
    from checks
    cross join weights

),

{#
    Weighted rendezvous hashing: whoever has twice the weight gets twice the leads, and each lead
    finds its rep without a look at the others.
#}
spread as (

    select
        weighed.*,
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
