{# Words for messages to people, and the markup of the chats they go to. #}

{# A line break, as SQL text. #}
{% macro line_break() -%}
    '{{ "\n" }}'
{%- endmacro %}


{# What somebody wrote, on one line and not longer than a message can bear; null stays null. #}
{% macro one_line(text) -%}
    substr({{ regex_replace(text, "'\\s+'", "' '") }}, 1, 120)
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
