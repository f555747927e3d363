{%- set own_domains = var('own_domains') -%}

with

told as (

    select
        source_key,
        min(activity_type) as activity_type,
        lower(trim(min(utm_source))) as utm_source,
        lower(trim(min(utm_medium))) as utm_medium,
        min(click_id) as click_id,
        {{ regex_replace(
            "lower(trim(min(referrer_host)))", "'^(www|m)[.]|[:?#].*$'", "''"
        ) }} as referrer_host
    from {{ ref('int_touch_activities') }}
    group by source_key

),

without_own as (

    select
        told.source_key,
        told.activity_type,
        touches.is_visit,
        told.utm_source,
        told.utm_medium,
        told.click_id,
        case
            when not {{ is_own_host('told.referrer_host', own_domains) }}
                then nullif(told.referrer_host, '')
        end as referrer_host,
        coalesce({{ is_own_host('told.referrer_host', own_domains) }}, false) as is_internal
    from told
    inner join {{ ref('touch_activities') }} as touches
        on told.activity_type = touches.activity_type

),

named as (

    select
        without_own.source_key,
        without_own.activity_type,
        without_own.is_visit,
        without_own.is_internal
        and without_own.utm_source is null
        and without_own.utm_medium is null
        and clicks.source is null as is_internal,
        coalesce(without_own.utm_source, clicks.source, without_own.referrer_host) as source_name,
        without_own.utm_source is null and clicks.source is null as is_by_referrer,
        coalesce(without_own.utm_medium, clicks.medium) as medium_given
    from without_own
    left join {{ ref('click_ids') }} as clicks on without_own.click_id = clicks.parameter

),

looked_up as (

    select
        named.*,
        coalesce(exact_sources.category, any_suffix_sources.category) as source_category,
        coalesce(
            exact_sources.source, any_suffix_sources.source, named.source_name
        ) as known_source
    from named
    left join {{ ref('channel_sources') }} as exact_sources
        on named.source_name = exact_sources.source
    left join {{ ref('channel_sources') }} as any_suffix_sources
        on
            any_suffix_sources.any_suffix
            -- Only the site itself: support.google.com is not the search engine.
            and {{ registrable_domain('named.source_name') }} = named.source_name
            and {{ dbt.split_part('named.source_name', "'.'", 1) }} = any_suffix_sources.source

),

described as (

    select
        source_key,
        activity_type,
        is_visit,
        is_internal,
        source_category,
        case
            when is_by_referrer and source_category is not null then known_source
            when source_name is not null then source_name
            when medium_given is not null or not is_visit then '(not set)'
            else '(direct)'
        end as source,
        case
            when medium_given is not null then medium_given
            when activity_type = 'email_click' then 'email'
            when source_name is null then '(none)'
            when is_by_referrer and source_category = 'search' then 'organic'
            when is_by_referrer and source_category in ('social', 'email') then source_category
            when is_by_referrer then 'referral'
            else '(not set)'
        end as medium
    from looked_up

),

ruled as (

    select
        described.source_key,
        coalesce(rules.channel, 'Unassigned') as channel,
        described.source,
        described.medium
    from described
    left join {{ ref('channel_rules') }} as rules
        on
            (
                rules.activity_type is null
                or described.activity_type = rules.activity_type
            )
            and (
                rules.source_category is null
                or described.source_category = rules.source_category
            )
            and (
                rules.source_pattern is null
                or {{ full_match('described.source', 'rules.source_pattern') }}
            )
            and (
                rules.medium_pattern is null
                or {{ full_match('described.medium', 'rules.medium_pattern') }}
            )
    -- Going from one own page to the next is not a touch.
    where not (described.is_visit and described.is_internal)
    qualify
        row_number() over (
            partition by described.source_key
            order by case when rules.priority is null then 1 else 0 end, rules.priority
        ) = 1

)

select * from ruled
