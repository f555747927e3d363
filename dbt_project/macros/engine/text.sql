{# Every match of a regular expression replaced. #}
{% macro regex_replace(text, pattern, replacement) -%}
    {{ adapter.dispatch('regex_replace', 'millrace')(text, pattern, replacement) }}
{%- endmacro %}

{% macro duckdb__regex_replace(text, pattern, replacement) -%}
    regexp_replace({{ text }}, {{ pattern }}, {{ replacement }}, 'g')
{%- endmacro %}

{# Spark reads a backslash in a literal as the start of an escape. #}
{% macro spark__regex_replace(text, pattern, replacement) -%}
    regexp_replace({{ text }}, {{ pattern | replace('\\', '\\\\') }}, {{ replacement }})
{%- endmacro %}


{# Whether a text holds any of the whole words in a list such as 'ceo|founder'. #}
{% macro has_word(text, words) -%}
    {{ adapter.dispatch('has_word', 'millrace')(text, words) }}
{%- endmacro %}

{% macro duckdb__has_word(text, words) -%}
    regexp_matches(lower({{ text }}), '\b(' || {{ words }} || ')\b')
{%- endmacro %}

{% macro spark__has_word(text, words) -%}
    regexp_like(lower({{ text }}), '\\b(' || {{ words }} || ')\\b')
{%- endmacro %}
