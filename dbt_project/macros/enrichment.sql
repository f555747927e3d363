{#
    Whether a contact's statement is the word of the person or of a system of ours. What a vendor was
    asked for tells neither who somebody is nor that they were seen, and stands behind own words.
#}
{% macro is_own_word(source) -%}
    {{ source }} <> 'millrace'
{%- endmacro %}


{# What a vendor is shown of an e-mail address: its SHA-256, which only who knows it can tell. #}
{% macro email_hash(email) -%}
    {{ sha256_hex('lower(' ~ email ~ ')') }}
{%- endmacro %}
