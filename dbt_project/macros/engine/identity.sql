{# The comparable form of a field's text: see functions/identity.py. #}
{% macro identity_key(field, text) -%}
    {{ adapter.dispatch('identity_key', 'millrace')(field, text) }}
{%- endmacro %}

{% macro duckdb__identity_key(field, text) -%}
    identity_key({{ field }}, {{ text }})
{%- endmacro %}

{% macro spark__identity_key(field, text) -%}
    identity_key({{ field }}, {{ text }})
{%- endmacro %}


{# A folded name without what its spellings differ in. #}
{% macro name_sound(name) -%}
    {{ adapter.dispatch('name_sound', 'millrace')(name) }}
{%- endmacro %}

{% macro duckdb__name_sound(name) -%}
    name_sound({{ name }})
{%- endmacro %}

{% macro spark__name_sound(name) -%}
    name_sound({{ name }})
{%- endmacro %}


{# Stops the build with a message; used as a value, of type text. #}
{% macro refuse(message) -%}
    {{ adapter.dispatch('refuse', 'millrace')(message) }}
{%- endmacro %}

{% macro duckdb__refuse(message) -%}
    cast(error({{ message }}) as varchar)
{%- endmacro %}

{% macro spark__refuse(message) -%}
    cast(raise_error({{ message }}) as string)
{%- endmacro %}
