{# Whether Meta is to limit the use of a person's data: see meta_limited_data_use. #}
{% macro meta_limits_use(country) -%}
    {%- set rules = {
        'off': 'false',
        'us': 'coalesce(' ~ country ~ ", 'US') = 'US'",
        'all': 'true',
    } -%}
    {%- set chosen = var('meta_limited_data_use') -%}
    {%- if chosen not in rules -%}
        {{ exceptions.raise_compiler_error(
            'meta_limited_data_use is `' ~ chosen ~ '`; choose from off, us, all.'
        ) }}
    {%- endif -%}
    {{ rules[chosen] }}
{%- endmacro %}
