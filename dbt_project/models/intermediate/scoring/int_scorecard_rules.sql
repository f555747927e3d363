{% set columns = [
    'rule_id', 'version', 'kind', 'field', 'operator', 'value', 'points', 'half_life_days', 'cap',
] %}

with

files as (

    select * from {{ scorecard_files(columns) }} as files  -- noqa: AL05

)

select * from files
