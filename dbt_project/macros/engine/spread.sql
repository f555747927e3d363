{# A number strictly between 0 and 1 that is the same for the same text, and looks random. #}
{% macro hash_fraction(text) -%}
    {{ adapter.dispatch('hash_fraction', 'millrace')(text) }}
{%- endmacro %}

{# 12 hex digits are 48 bits, which a double holds exactly; 2^48 = 281474976710656. #}
{% macro duckdb__hash_fraction(text) -%}
    ((cast('0x' || substr({{ sha256_hex(text) }}, 1, 12) as bigint) + 0.5e0) / 281474976710656e0)
{%- endmacro %}

{% macro spark__hash_fraction(text) -%}
    (
        (cast(conv(substr({{ sha256_hex(text) }}, 1, 12), 16, 10) as double) + 0.5D)
        / 281474976710656D
    )
{%- endmacro %}
