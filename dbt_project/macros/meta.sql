{# What Meta may match a person by, of a relation `matches`; `more` adds or replaces members. #}
{% macro meta_user_data(more={}) -%}
    {%- set members = {} -%}
    {%- for key in ['em', 'ph', 'fn', 'ln', 'country', 'external_id'] -%}
        {%- do members.update({key: json_list_of_one('matches.' ~ key)}) -%}
    {%- endfor -%}
    {%- for key in ['fbc', 'fbp', 'client_ip_address', 'client_user_agent'] -%}
        {%- do members.update({key: json_quote('matches.' ~ key)}) -%}
    {%- endfor -%}
    {%- do members.update(more) -%}
    {{ json_object(members) }}
{%- endmacro %}


{# Members of an event that limit its use, where a condition holds. 0 and 0 leave it to Meta to find
   out whether the person lives where that applies. #}
{% macro meta_processing(is_limited) -%}
    {%- set limits = {
        'data_processing_options': '["LDU"]',
        'data_processing_options_country': '0',
        'data_processing_options_state': '0',
    } -%}
    {%- set members = {} -%}
    {%- for name in limits -%}
        {%- do members.update({
            name: 'case when ' ~ is_limited ~ " then '" ~ limits[name] ~ "' end"
        }) -%}
    {%- endfor -%}
    {{ return(members) }}
{%- endmacro %}


{# An event as the Conversions API takes it; `more` adds members. #}
{% macro meta_event(name, at, event_id, action_source, is_limited, more={}) -%}
    {%- set members = {
        'event_name': json_quote(name),
        'event_time': json_number(unix_seconds(at)),
        'event_id': json_quote(event_id),
        'action_source': json_quote("'" ~ action_source ~ "'"),
        'user_data': 'user_data',
    } -%}
    {%- do members.update(meta_processing(is_limited)) -%}
    {%- do members.update(more) -%}
    {{ json_object(members) }}
{%- endmacro %}


{# What the share of a key among events is, in percent. #}
{% macro meta_share(has_key) -%}
    cast(
        round(100.0 * sum(case when {{ has_key }} then 1 else 0 end) / count(*), 2)
        as decimal(9, 2)
    )
{%- endmacro %}
