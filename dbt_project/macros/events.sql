{#
    What every event-grain staging model carries of the logged event. It must be there for an event
    to be judged (int_staged_events); `occurred_at` comes from the body, so each model adds its own.
    Ids that only few readers need, such as the correlation id, are found by position: long texts
    that differ from row to row are most of what a build writes.
#}
{% macro event_columns(relation=none) -%}
    {%- set columns = [
        'event_id', 'position', 'source', 'event_type', 'is_historical', 'received_at',
    ] -%}
    {%- set prefix = relation ~ '.' if relation else '' -%}
    {%- for column in columns -%}
        {{ prefix }}{{ column }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{# Where an event says when it occurred, as a JSON pointer into its body. #}
{% macro event_time_path() -%}
    case
        when event_type in ('ad_insight.pulled', 'customer.pulled') then '/pulled_at'
        when event_type = 'lead.pulled' then '/object/created_time'
        when event_type = 'email_event.pulled' then '/object/created'
        when source = 'salesforce' then '/object/SystemModstamp'
        when event_type like '%.pulled' then '/object/updatedAt'
        when source = 'typeform' then '/form_response/submitted_at'
        when source = 'hubspot' then '/occurredAt'
        when source = 'meta' then '/change/value/created_time'
        when source = 'stripe' then '/created'
        when source in ('calendly', 'intercom') then '/created_at'
        when source = 'millrace' then '/occurred_at'
        else '/timestamp'
    end
{%- endmacro %}


{# Whether it says so in seconds or milliseconds since 1970. #}
{% macro tells_time_by_a_number() -%}
    (
        source in ('hubspot', 'meta', 'stripe', 'intercom')
        and (event_type not like '%.pulled' or event_type = 'email_event.pulled')
    )
{%- endmacro %}


{#
    The rows of an event-grain staging model whose events count, with their order key, as a relation:
    far cheaper than to look them up among all applied events.
#}
{% macro applied(staging_model) -%}
    (
        select
            told.*,
            {{ order_key_in('told') }} as order_key
        from {{ ref(staging_model) }} as told
        left join {{ ref('int_refused_events') }} as refused on told.position = refused.position
        where refused.position is null
    )
{%- endmacro %}
