{#
    The table the ledger's deliveries are loaded into, empty where there is none yet: models build
    before the first delivery, and in a warehouse that never sees a ledger.
#}
{% macro ensure_deliveries() -%}
    {%- if target.name != 'dev' -%}  {# there it belongs to the published copy, which has it #}
    create table if not exists {{ source('raw', 'deliveries') }} (
        delivery_id bigint,
        destination {{ dbt.type_string() }},
        action {{ dbt.type_string() }},
        mode {{ dbt.type_string() }},
        entity_key {{ dbt.type_string() }},
        person_id {{ dbt.type_string() }},
        correlation_id {{ dbt.type_string() }},
        state {{ dbt.type_string() }},
        code {{ dbt.type_string() }},
        priority integer,
        attempts integer,
        possible_repeats integer,
        event_time {{ type_instant() }},
        deadline_at {{ type_instant() }},
        created_at {{ type_instant() }},
        requested_at {{ type_instant() }},
        last_attempt_at {{ type_instant() }},
        delivered_at {{ type_instant() }},
        updated_at {{ type_instant() }}
    )
    {%- endif -%}
{%- endmacro %}
