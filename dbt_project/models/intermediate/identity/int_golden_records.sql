with

candidates as (

    select * from {{ ref('int_golden_candidates') }}

),

record_people as (

    select * from {{ ref('int_record_people') }}

),

strategies as (

    select
        {% for field in golden_fields() %}
            max(case when field = '{{ precedence_of(field) }}' then strategy end)
                as {{ field }}_strategy,
        {% endfor %}
        count(*) as fields
    from {{ ref('field_precedence') }}

),

ranks as (

    select
        {% for field in golden_fields() %}
            max(case when field = '{{ precedence_of(field) }}' then rank end)
                as {{ field }}_rank,
        {% endfor %}
        source
    from {{ ref('source_ranks') }}
    group by source

),

origins as (

    select
        record_people.person_id,
        {{ earliest('origins.original_source', 'origins.original_order_key') }} as original_source,
        {{ earliest('origins.original_campaign', 'origins.campaign_order_key') }}
            as original_campaign,
        {{ latest('origins.latest_source', 'origins.latest_order_key') }} as latest_source,
        {{ latest('origins.correlation_id', 'origins.order_key') }} as correlation_id
    from {{ ref('int_record_origins') }} as origins
    inner join record_people on origins.record_id = record_people.record_id
    group by record_people.person_id

),

chosen as (

    select
        candidates.person_id,
        {% for field in golden_fields() %}
            case max(strategies.{{ field }}_strategy)
                when 'earliest'
                    then {{ earliest('earliest_' ~ field, 'earliest_' ~ field ~ '_key') }}
                when 'source_rank'
                    then {{ latest(
                        'latest_' ~ field,
                        precedence_key('ranks.' ~ field ~ '_rank', 'latest_' ~ field ~ '_key')
                    ) }}
                else {{ latest('latest_' ~ field, 'latest_' ~ field ~ '_key') }}
            end as {{ field }},
        {% endfor %}
        min(candidates.first_seen_at) as first_seen_at,
        max(
            case when {{ is_own_word('candidates.source') }} then candidates.last_seen_at end
        ) as last_seen_at,
        max(candidates.order_key) as order_key
    from candidates
    cross join strategies
    left join ranks on candidates.source = ranks.source
    group by candidates.person_id

),

golden as (

    select
        chosen.*,
        origins.original_source,
        origins.original_campaign,
        origins.latest_source,
        origins.correlation_id
    from chosen
    inner join origins on chosen.person_id = origins.person_id

)

select * from golden
