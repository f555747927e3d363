{#
    Rows of the CSV files of trained scorecards, every column as text; none where no folder is told.
    The folder has at least one file, if only with the header.
#}
{% macro scorecard_files(columns) -%}
    {{ adapter.dispatch('scorecard_files', 'millrace')(columns, env_var('MILLRACE_SCORECARDS', '')) }}
{%- endmacro %}

{% macro duckdb__scorecard_files(columns, folder) -%}
    {%- if folder -%}
        (
            select {{ columns | join(', ') }}
            from read_csv(
                '{{ folder | replace("'", "''") }}/*.csv', header = true, all_varchar = true
            )
        )
    {%- else -%}
        {{ no_rows(columns) }}
    {%- endif -%}
{%- endmacro %}

{% macro spark__scorecard_files(columns, folder) -%}
    {%- if folder -%}
        (
            select
                {%- for column in columns %}
                _c{{ loop.index0 }} as {{ column }}{{ ',' if not loop.last }}
                {%- endfor %}
            from csv.`{{ folder }}/*.csv`
            where _c0 <> '{{ columns[0] }}'
        )
    {%- else -%}
        {{ no_rows(columns) }}
    {%- endif -%}
{%- endmacro %}


{# A relation with these text columns and no row. #}
{% macro no_rows(columns) -%}
    (
        select
            {%- for column in columns %}
            cast(null as {{ dbt.type_string() }}) as {{ column }}{{ ',' if not loop.last }}
            {%- endfor %}
        where 1 = 0
    )
{%- endmacro %}
