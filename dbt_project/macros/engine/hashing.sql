{# SHA-256 of a text's UTF-8 bytes, as 64 lower-case hex digits. #}
{% macro sha256_hex(text) -%}
    {{ adapter.dispatch('sha256_hex', 'millrace')(text) }}
{%- endmacro %}

{% macro duckdb__sha256_hex(text) -%}
    sha256({{ text }})
{%- endmacro %}

{% macro spark__sha256_hex(text) -%}
    sha2({{ text }}, 256)
{%- endmacro %}
