{# What the staging models of Salesforce share; they read `told`, a json_record of the body. #}

{# The fields that say when a record changed; whoever sets up a message or a query chooses them. #}
{% macro salesforce_times() -%}
    {{ return(['SystemModstamp', 'LastModifiedDate', 'CreatedDate']) }}
{%- endmacro %}


{# The organization: an outbound message names it, and so does what was pulled. #}
{% macro salesforce_account() -%}
    coalesce({{ text_of('told.organization_id') }}, {{ text_of('told.account') }})
{%- endmacro %}


{#
    When the record changed. A message that carries none of the times is taken to have been sent as
    it changed; one that carries a time nobody can read is not.
#}
{% macro salesforce_time() -%}
    case
        when coalesce(
            {%- for field in salesforce_times() -%}
                {{ text_of('told.object.' ~ field) }}{{ ', ' if not loop.last }}
            {%- endfor -%}
        ) is not null then {{ timestamp_from_iso(
            'coalesce(' ~ text_of('told.object.SystemModstamp')
            ~ ', ' ~ text_of('told.object.LastModifiedDate')
            ~ ', ' ~ text_of('told.object.CreatedDate') ~ ')'
        ) }}
        when event_type not like '%.pulled' then received_at
    end
{%- endmacro %}


{# A record of Salesforce as a record of ours. #}
{% macro salesforce_record(organization_id, object_id) -%}
    'salesforce:' || {{ organization_id }} || ':' || {{ object_id }}
{%- endmacro %}
