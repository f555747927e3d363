{# The class of a text, never the text itself: as ingestion/contracts/values.py tells it. #}
{% macro text_class(text) -%}
    case
        when {{ text }} is null then 'missing'
        when length({{ text }}) > 1000 then 'text:long'
        when trim({{ text }}) = '' then 'text:empty'
        {%- for name, pattern in [
            ('email', '[^@ ]+@[^@ ]+[.][^@ ]+'),
            ('date', '[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}[^ ]*)?'),
            ('number', '[+-]?[0-9]+([.,][0-9]+)*'),
        ] %}
        when {{ regex_replace('trim(' ~ text ~ ')', "'^(" ~ pattern ~ ")$'", "''") }} = ''
            then 'text:{{ name }}'
        {%- endfor %}
        else 'text'
    end
{%- endmacro %}


{# Words as texts of SQL, for the list behind `in`. #}
{% macro quoted(words) -%}
    {%- for word in words -%}
        '{{ word }}'{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
