{# Hundredths of a whole, to two places; null when there is nothing to divide by. #}
{% macro percent(part, whole) -%}
    cast(round(100.0 * {{ part }} / nullif({{ whole }}, 0), 2) as decimal(9, 2))
{%- endmacro %}


{# A percentile in seconds, to the millisecond. #}
{% macro percentile_seconds(seconds, fraction) -%}
    cast(round({{ percentile(seconds, fraction) }}, 3) as decimal(18, 3))
{%- endmacro %}


{# The first day of the month a timestamp (UTC) falls in. #}
{% macro month_of(timestamp) -%}
    cast({{ dbt.date_trunc('month', timestamp) }} as date)
{%- endmacro %}


{# Seconds from one step to the next; null where one is missing or they were taken backwards. #}
{% macro step_seconds(start, end) -%}
    case when {{ end }} >= {{ start }} then {{ seconds_between(start, end) }} end
{%- endmacro %}
