{# The id a person has who is named after this record. #}
{% macro person_id_of(record_id) -%}
    'p_' || substr({{ sha256_hex(record_id) }}, 1, 24)
{%- endmacro %}


{# The id of the account of a domain, or of what stands for one; null for none. #}
{% macro account_id_of(account_key) -%}
    'a_' || substr({{ sha256_hex(account_key) }}, 1, 24)
{%- endmacro %}


{# Text that puts events in order: when they occurred, then the vendor's key. #}
{% macro order_key(occurred_at='occurred_at', vendor_id='vendor_id') -%}
    {{ sortable_timestamp(occurred_at) }} || ' ' || {{ vendor_id }}
{%- endmacro %}


{# The same for a relation with the columns occurred_at, event_id and source. #}
{% macro order_key_in(relation) -%}
    {{ order_key(relation ~ '.occurred_at', vendor_id_of(relation ~ '.event_id', relation ~ '.source')) }}
{%- endmacro %}


{# The vendor's own key of an event, without the marks of a replay or of a variant. #}
{% macro vendor_key(event_key) -%}
    case
        when {{ event_key }} like 'replay:%' or {{ event_key }} like '%~%'
            then {{ without_marks(event_key) }}
        else {{ event_key }}
    end
{%- endmacro %}


{# The id that every copy, variant and replay of a vendor's event shares. #}
{% macro vendor_id_of(event_id, source) -%}
    case
        when {{ event_id }} like '%:replay:%' or {{ event_id }} like '%~%'
            then {{ source }} || ':' || {{ without_marks(event_key_of(event_id, source)) }}
        else {{ event_id }}
    end
{%- endmacro %}


{# The key within its source of an event. #}
{% macro event_key_of(event_id, source) -%}
    substr({{ event_id }}, length({{ source }}) + 2)
{%- endmacro %}


{# A regular expression is slow: callers look first whether there is anything to take off. #}
{% macro without_marks(event_key) -%}
    {{ regex_replace(event_key, "'^replay:[^:]+:|~[0-9a-f]{16}$'", "''") }}
{%- endmacro %}
