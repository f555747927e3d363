{# How vendors write things that several models read. #}

{# A UTC timestamp from text that holds seconds since 1970. #}
{% macro timestamp_from_seconds(text) -%}
    {{ timestamp_from_ms(text ~ " || '000'") }}
{%- endmacro %}


{#
    A Salesforce id with its checksum: 15 characters that differ by case become the 18 that do not.
    Each of the last three tells which of five characters are capitals.
#}
{% macro salesforce_id(text) -%}
    case
        when length({{ text }}) = 15 then {{ text }}
            {%- for group in range(3) %}
            || substr(
                'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345',
                1
                {%- for bit in range(5) %}
                + case
                    when substr({{ text }}, {{ group * 5 + bit + 1 }}, 1) between 'A' and 'Z'
                        then {{ 2 ** bit }}
                    else 0
                end
                {%- endfor %},
                1
            )
            {%- endfor %}
        else {{ text }}
    end
{%- endmacro %}


{# The id of another Stripe object: its text, or where it was sent whole, what it says of itself. #}
{% macro stripe_reference(value) -%}
    case
        when substr({{ value }}, 1, 1) = '{' then {{ json_text(value, '$.id') }} else {{ value }}
    end
{%- endmacro %}


{# What stands before the last space of a name; the whole name when there is none. #}
{% macro first_of_name(name) -%}
    {{ regex_replace(name, "' +[^ ]+$'", "''") }}
{%- endmacro %}


{# What stands after the last space of a name; null when there is none. #}
{% macro last_of_name(name) -%}
    case when {{ name }} like '% %' then {{ regex_replace(name, "'^.* '", "''") }} end
{%- endmacro %}
