{# How many different half-lives the rules of one version may have, besides "never decays". #}
{% macro half_life_slots() -%}
    {{ return(range(1, (var('score_half_lives') | int(2)) + 1) | list) }}
{%- endmacro %}


{# Days since the start of 2020, as a double: the time scale on which points decay. #}
{% macro score_days(timestamp) -%}
    cast({{ unix_seconds(timestamp) }} - 1577836800 as double) / 86400
{%- endmacro %}


{# 2 to the power of the number of half-lives in some days; 1 where nothing decays. #}
{% macro growth(days, half_life_days) -%}
    case when {{ half_life_days }} is null then 1 else power(2, ({{ days }}) / {{ half_life_days }}) end
{%- endmacro %}


{# A score as it is kept: two decimals. #}
{% macro score_number(points) -%}
    cast(round({{ points }}, 2) as decimal(12, 2))
{%- endmacro %}


{# Fields of the golden record that fit rules may look at; the seed score_fields lists them too. #}
{% macro score_attributes() -%}
    {{ return([
        'job_title', 'company_domain', 'country', 'employees', 'budget', 'interest',
    ]) }}
{%- endmacro %}


{#
    The running totals of int_score_timeline, decayed to some days. Totals are kept as points ×
    2^(days ÷ half-life), so that a sum over all events so far needs one pass, whatever the time.
#}
{% macro decayed_total(days) -%}
    grown_0
    {%- for slot in half_life_slots() %}
    + grown_{{ slot }} * {{ growth('-' ~ days, 'half_life_' ~ slot) }}
    {%- endfor %}
{%- endmacro %}
