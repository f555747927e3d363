{# The functions of dbt_project/functions/business_time.py, as each engine calls them. #}

{#
    The time at which so many business minutes since `start` are over, to the second; null when the
    calendar is never open. Zone, hours and holidays are columns of int_rep_calendars.
#}
{% macro business_deadline(start, minutes, zone, hours, holidays) -%}
    {{ adapter.dispatch('business_deadline', 'millrace')(start, minutes, zone, hours, holidays) }}
{%- endmacro %}

{% macro duckdb__business_deadline(start, minutes, zone, hours, holidays) -%}
    make_timestamptz(
        1000000 * business_deadline(
            {{ unix_seconds(start) }}, {{ minutes }}, {{ zone }}, {{ hours }}, {{ holidays }}
        )
    )
{%- endmacro %}

{% macro spark__business_deadline(start, minutes, zone, hours, holidays) -%}
    timestamp_seconds(
        business_deadline(
            {{ unix_seconds(start) }}, {{ minutes }}, {{ zone }}, {{ hours }}, {{ holidays }}
        )
    )
{%- endmacro %}


{# Whether a business calendar is open at this time. #}
{% macro is_business_time(moment, zone, hours, holidays) -%}
    {{ adapter.dispatch('is_business_time', 'millrace')(moment, zone, hours, holidays) }}
{%- endmacro %}

{% macro duckdb__is_business_time(moment, zone, hours, holidays) -%}
    is_business_time({{ unix_seconds(moment) }}, {{ zone }}, {{ hours }}, {{ holidays }})
{%- endmacro %}

{% macro spark__is_business_time(moment, zone, hours, holidays) -%}
    is_business_time({{ unix_seconds(moment) }}, {{ zone }}, {{ hours }}, {{ holidays }})
{%- endmacro %}


{# Whether there is an IANA time zone of this name. #}
{% macro is_time_zone(text) -%}
    {{ adapter.dispatch('is_time_zone', 'millrace')(text) }}
{%- endmacro %}

{% macro duckdb__is_time_zone(text) -%}
    is_time_zone({{ text }})
{%- endmacro %}

{% macro spark__is_time_zone(text) -%}
    is_time_zone({{ text }})
{%- endmacro %}
