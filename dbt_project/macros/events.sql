{#
    What every event-grain staging model carries of the logged event. It must be there for an event
    to be judged (int_staged_events); `occurred_at` comes from the body, so each model adds its own.
#}
{% macro event_columns(relation=none) -%}
    {%- set columns = [
        'event_id', 'position', 'vendor_id', 'source', 'event_type', 'correlation_id',
        'is_historical', 'received_at',
    ] -%}
    {%- set prefix = relation ~ '.' if relation else '' -%}
    {%- for column in columns -%}
        {{ prefix }}{{ column }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
