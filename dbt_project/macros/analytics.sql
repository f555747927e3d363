{#
    The client id within what the cookie _ga holds, with or without its version (GA1.1.…); null when
    it is none.
#}
{% macro ga_client_id(text) -%}
    case
        when {{ regex_replace(
            text, "'^(GA[0-9][.][0-9]+[.])?[0-9]+[.][0-9]+$'", "''"
        ) }} = ''
            then {{ regex_replace(text, "'^GA[0-9][.][0-9]+[.]'", "''") }}
    end
{%- endmacro %}
