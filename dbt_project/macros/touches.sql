{#
    The host a URL names, as written: between the scheme and the path. Cheap enough for every event;
    port, "www." and capitals are left for whoever looks at distinct values.
#}
{% macro host_of(url) -%}
    {{ dbt.split_part(
        "case when " ~ url ~ " like '%://%' then "
        ~ dbt.split_part(url, "'://'", 2) ~ " else " ~ url ~ " end",
        "'/'",
        1
    ) }}
{%- endmacro %}


{# Whether a host is one of the own domains or below one. #}
{% macro is_own_host(host, own_domains) -%}
    (
        {{ host }} = '(internal)'
        {%- for domain in own_domains %}
            or {{ host }} = '{{ domain | lower }}' or {{ host }} like '%.{{ domain | lower }}'
        {%- endfor %}
    )
{%- endmacro %}


{# Whole seconds from one timestamp to another: far cheaper at event grain than a date difference. #}
{% macro whole_seconds_between(earlier, later) -%}
    ({{ unix_seconds(later) }} - {{ unix_seconds(earlier) }})
{%- endmacro %}
