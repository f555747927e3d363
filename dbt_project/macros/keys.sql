{# The id a person has who is named after this record. #}
{% macro person_id_of(record_id) -%}
    'p_' || substr({{ sha256_hex(record_id) }}, 1, 24)
{%- endmacro %}


{# Text that puts events in order: when they occurred, then the vendor's key. #}
{% macro order_key(occurred_at='occurred_at', vendor_id='vendor_id') -%}
    {{ sortable_timestamp(occurred_at) }} || ' ' || {{ vendor_id }}
{%- endmacro %}


{# The vendor's own key of an event, without the marks of a replay or of a variant. #}
{% macro vendor_key(event_key) -%}
    {{ regex_replace(event_key, "'^replay:[^:]+:|~[0-9a-f]{16}$'", "''") }}
{%- endmacro %}
