{% set keys = {
    'em': 'em is not null',
    'ph': 'ph is not null',
    'fn_ln': 'fn is not null and ln is not null',
    'external_id': 'external_id is not null',
    'fbc': 'fbc is not null',
    'fbp': 'fbp is not null',
    'ip_ua': 'client_ip_address is not null and client_user_agent is not null',
    'lead_id': 'lead_id is not null',
} %}
{% set stages = var('meta_lead_stages') %}

with

matches as (

    select * from {{ ref('int_meta_user_data') }}

),

consents as (

    select * from {{ ref('dim_consents') }}
    where purpose = 'advertising' and status = 'granted'

),

purchases as (

    select
        'Purchase' as event_name,
        conversions.person_id,
        matches.fbc,
        matches.fbp,
        matches.client_ip_address,
        matches.client_user_agent,
        cast(null as {{ dbt.type_string() }}) as lead_id
    from {{ ref('fct_conversions') }} as conversions
    inner join matches on conversions.person_id = matches.person_id
    where not conversions.is_historical

),

lead_events as (

    select
        case stages.stage
            {% for stage in stages %}
                when '{{ stage }}' then '{{ stages[stage] }}'
            {% endfor %}
        end as event_name,
        stages.person_id,
        matches.fbc,
        matches.fbp,
        matches.client_ip_address,
        matches.client_user_agent,
        stages.lead_id
    from {{ ref('int_meta_lead_stages') }} as stages
    inner join matches on stages.person_id = matches.person_id
    where not stages.is_historical and stages.stage in ({{ quoted(stages) }})

),

website_events as (

    select
        event_name,
        person_id,
        fbc,
        fbp,
        client_ip_address,
        client_user_agent,
        cast(null as {{ dbt.type_string() }}) as lead_id
    from {{ ref('int_meta_website_events') }}
    where not is_historical

),

events as (

    select * from purchases
    union all
    select * from lead_events
    union all
    select * from website_events

),

-- With the columns of the person, but the browser of the event.
known as (

    select
        events.event_name,
        matches.em,
        matches.ph,
        matches.fn,
        matches.ln,
        matches.external_id,
        events.fbc,
        events.fbp,
        events.client_ip_address,
        events.client_user_agent,
        events.lead_id
    from events
    inner join matches on events.person_id = matches.person_id
    inner join consents on events.person_id = consents.person_id

),

covered as (

    select
        event_name,
        count(*) as events,
        {% for key in keys %}
            {{ meta_share(keys[key]) }} as {{ key }}_percent,
        {% endfor %}
        cast(
            round(
                1.0 * sum(
                    {% for key in keys %}
                        case when {{ keys[key] }} then 1 else 0 end{{ ' +' if not loop.last }}
                    {% endfor %}
                ) / count(*),
                2
            ) as decimal(9, 2)
        ) as keys_per_event
    from known
    group by event_name

)

select * from covered
