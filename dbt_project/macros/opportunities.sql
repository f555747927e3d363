{#
    The stage of an opportunity where its CRM says besides whether it is closed, and won: a stage
    that the registry does not know, or that means something else there, is told by that.
#}
{% macro stage_told(stage, is_closed, is_won, registry='registry') -%}
    case
        when {{ is_won }} then 'closed_won'
        when {{ is_closed }} and not {{ is_won }} then 'closed_lost'
        when
            not {{ is_closed }}
            and (
                {{ registry }}.value is null
                or coalesce({{ registry }}.is_won, false)
                or coalesce({{ registry }}.is_lost, false)
            )
            then 'open'
        else {{ stage }}
    end
{%- endmacro %}
