{# Words for messages to people, and the markup of the chats they go to. #}

{# A line break, as SQL text. #}
{% macro line_break() -%}
    '{{ "\n" }}'
{%- endmacro %}


{# What somebody wrote, on one line and not longer than a message can bear; null stays null. #}
{% macro one_line(text) -%}
    substr({{ regex_replace(text, "'[ \t\r\n]+'", "' '") }}, 1, 120)
{%- endmacro %}


{# A time to the minute, for people: 2026-03-02 13:30 UTC; null stays null. #}
{% macro minute_text(timestamp) -%}
    substr({{ iso_timestamp(timestamp) }}, 1, 10) || ' '
    || substr({{ iso_timestamp(timestamp) }}, 12, 5) || ' UTC'
{%- endmacro %}


{# Text without meaning in Slack's mrkdwn: no mention, no link; null stays null. #}
{% macro slack_text(text) -%}
    replace(replace(replace({{ text }}, '&', '&amp;'), '<', '&lt;'), '>', '&gt;')
{%- endmacro %}


{# A line of an adaptive card: text runs know no markdown. Null for a null, so that no block is
   made of it. #}
{% macro card_line(text, weight='Default') -%}
    case
        when {{ text }} is not null
            then {{ json_object({
                'inlines': json_list_of([json_object({
                    'text': json_quote(text),
                    'type': json_quote("'TextRun'"),
                    'weight': json_quote("'" ~ weight ~ "'"),
                })]),
                'type': json_quote("'RichTextBlock'"),
            }) }}
    end
{%- endmacro %}
