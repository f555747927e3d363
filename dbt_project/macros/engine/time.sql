{# A UTC timestamp from milliseconds since 1970; null when out of range. #}
{% macro timestamp_from_ms(text) -%}
    {{ adapter.dispatch('timestamp_from_ms', 'millrace')(text) }}
{%- endmacro %}

{% macro duckdb__timestamp_from_ms(text) -%}
    try(make_timestamptz(try_cast({{ text }} as bigint) * 1000))
{%- endmacro %}

{# Years 1 to 9999: beyond them Spark raises an error. #}
{% macro spark__timestamp_from_ms(text) -%}
    case
        when try_cast({{ text }} as bigint) between -62135596800000 and 253402300799999
            then timestamp_millis(try_cast({{ text }} as bigint))
    end
{%- endmacro %}


{# A UTC timestamp from ISO 8601 text; text without a zone is UTC; null when unreadable. #}
{% macro timestamp_from_iso(text) -%}
    {{ adapter.dispatch('timestamp_from_iso', 'millrace')(text) }}
{%- endmacro %}

{% macro duckdb__timestamp_from_iso(text) -%}
    try_cast({{ text }} as timestamptz)
{%- endmacro %}

{# Spark would read a year, or a time of day, as a timestamp too. #}
{% macro spark__timestamp_from_iso(text) -%}
    case
        when regexp_like(trim({{ text }}), '^[0-9]{4}-[0-9]{2}-[0-9]{2}')
            then try_cast({{ text }} as timestamp)
    end
{%- endmacro %}


{# A UTC timestamp from text that is either milliseconds or ISO 8601. #}
{% macro timestamp_from_text(text) -%}
    coalesce({{ timestamp_from_ms(text) }}, {{ timestamp_from_iso(text) }})
{%- endmacro %}


{# ISO 8601 in UTC with milliseconds, as vendors read it. #}
{% macro iso_timestamp(timestamp) -%}
    {{ adapter.dispatch('iso_timestamp', 'millrace')(timestamp) }}
{%- endmacro %}

{% macro duckdb__iso_timestamp(timestamp) -%}
    strftime({{ timestamp }}, '%Y-%m-%dT%H:%M:%S.%gZ')
{%- endmacro %}

{% macro spark__iso_timestamp(timestamp) -%}
    date_format({{ timestamp }}, "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'")
{%- endmacro %}


{# Text that sorts as the timestamps do, to the microsecond. #}
{% macro sortable_timestamp(timestamp) -%}
    {{ adapter.dispatch('sortable_timestamp', 'millrace')(timestamp) }}
{%- endmacro %}

{# Of a timestamp without a zone: one with a zone takes three times as long. #}
{% macro duckdb__sortable_timestamp(timestamp) -%}
    strftime(make_timestamp(epoch_us({{ timestamp }})), '%Y-%m-%dT%H:%M:%S.%fZ')
{%- endmacro %}

{% macro spark__sortable_timestamp(timestamp) -%}
    date_format({{ timestamp }}, "yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'")
{%- endmacro %}


{# Whole seconds since 1970. #}
{% macro unix_seconds(timestamp) -%}
    {{ adapter.dispatch('unix_seconds', 'millrace')(timestamp) }}
{%- endmacro %}

{% macro duckdb__unix_seconds(timestamp) -%}
    cast(floor(epoch({{ timestamp }})) as bigint)
{%- endmacro %}

{% macro spark__unix_seconds(timestamp) -%}
    unix_seconds({{ timestamp }})
{%- endmacro %}


{# A timestamp some days later (or earlier, for a negative number). #}
{% macro add_days(timestamp, days) -%}
    {{ adapter.dispatch('add_days', 'millrace')(timestamp, days) }}
{%- endmacro %}

{% macro duckdb__add_days(timestamp, days) -%}
    {{ timestamp }} + interval '{{ days }} days'
{%- endmacro %}

{% macro spark__add_days(timestamp, days) -%}
    {{ timestamp }} + interval '{{ days }}' day
{%- endmacro %}


{# A timestamp some seconds later. #}
{% macro add_seconds(timestamp, seconds) -%}
    {{ adapter.dispatch('add_seconds', 'millrace')(timestamp, seconds) }}
{%- endmacro %}

{% macro duckdb__add_seconds(timestamp, seconds) -%}
    {{ timestamp }} + interval '{{ seconds }} seconds'
{%- endmacro %}

{% macro spark__add_seconds(timestamp, seconds) -%}
    {{ timestamp }} + interval '{{ seconds }}' second
{%- endmacro %}


{# A timestamp some hours later (or earlier, for a negative number). #}
{% macro add_hours(timestamp, hours) -%}
    {{ adapter.dispatch('add_hours', 'millrace')(timestamp, hours) }}
{%- endmacro %}

{% macro duckdb__add_hours(timestamp, hours) -%}
    {{ timestamp }} + interval '{{ hours }} hours'
{%- endmacro %}

{% macro spark__add_hours(timestamp, hours) -%}
    {{ timestamp }} + interval '{{ hours }}' hour
{%- endmacro %}


{# A null of the type timestamps have. #}
{% macro no_timestamp() -%}
    {{ adapter.dispatch('no_timestamp', 'millrace')() }}
{%- endmacro %}

{% macro duckdb__no_timestamp() -%}
    cast(null as timestamp with time zone)
{%- endmacro %}

{% macro spark__no_timestamp() -%}
    cast(null as timestamp)
{%- endmacro %}


{# Seconds from one timestamp to another, with their fraction; negative when `end` is earlier. #}
{% macro seconds_between(start, end) -%}
    {{ adapter.dispatch('seconds_between', 'millrace')(start, end) }}
{%- endmacro %}

{% macro duckdb__seconds_between(start, end) -%}
    (epoch_us({{ end }}) - epoch_us({{ start }})) / 1000000.0
{%- endmacro %}

{% macro spark__seconds_between(start, end) -%}
    (unix_micros({{ end }}) - unix_micros({{ start }})) / 1000000.0
{%- endmacro %}


{# The type timestamps have. #}
{% macro type_instant() -%}
    {{ adapter.dispatch('type_instant', 'millrace')() }}
{%- endmacro %}

{% macro duckdb__type_instant() -%}
    timestamp with time zone
{%- endmacro %}

{% macro spark__type_instant() -%}
    timestamp
{%- endmacro %}
