{#
    How much of the conversions would be lost without each channel, as a relation
    (model, channel, removal_effect). `transitions` is a relation with the columns model, from_state,
    to_state and transitions; states are channels, '(start)', '(conversion)' and '(null)'.
#}
{% macro markov_removal_effects(transitions) -%}
    {{ adapter.dispatch('markov_removal_effects', 'millrace')(transitions) }}
{%- endmacro %}

{% macro duckdb__markov_removal_effects(transitions) -%}
    (
        select
            model,
            unnest(channels) as channel,
            unnest(markov_removal_effects(channels, steps, counts)) as removal_effect
        from (
            select
                model,
                list(distinct from_state order by from_state)
                    filter (where from_state <> '(start)') as channels,
                list([from_state, to_state] order by from_state, to_state) as steps,
                list(cast(transitions as bigint) order by from_state, to_state) as counts
            from {{ transitions }}
            group by model
        ) as chains
    )
{%- endmacro %}

{% macro spark__markov_removal_effects(transitions) -%}
    (
        select
            chains.model,
            effects.channels as channel,
            effects.removal_effects as removal_effect
        from (
            select
                model,
                channels,
                markov_removal_effects(
                    channels,
                    transform(steps, step -> array(step.from_state, step.to_state)),
                    transform(steps, step -> step.transitions)
                ) as removal_effects
            from (
                select
                    model,
                    array_sort(
                        collect_set(case when from_state <> '(start)' then from_state end)
                    ) as channels,
                    array_sort(
                        collect_list(
                            named_struct(
                                'from_state', from_state,
                                'to_state', to_state,
                                'transitions', cast(transitions as bigint)
                            )
                        )
                    ) as steps
                from {{ transitions }}
                group by model
            ) as listed
        ) as chains
        lateral view inline(arrays_zip(chains.channels, chains.removal_effects)) as effects
    )
{%- endmacro %}


{#
    The share each channel has in each path, as a relation (model, path, channel, share). `paths` is
    a relation with the columns model, method, path (channels joined by ' > '), conversions and
    journeys (conversions and null paths).
#}
{% macro shapley_shares(paths) -%}
    {{ adapter.dispatch('shapley_shares', 'millrace')(paths) }}
{%- endmacro %}

{% macro duckdb__shapley_shares(paths) -%}
    (
        select
            model,
            path,
            unnest(string_split(path, ' > ')) as channel,
            unnest(shares) as share
        from (
            select
                model,
                unnest(paths) as path,
                unnest(shapley_shares(method, paths, conversions, journeys)) as shares
            from (
                select
                    model,
                    method,
                    list(path order by path) as paths,
                    list(cast(conversions as bigint) order by path) as conversions,
                    list(cast(journeys as bigint) order by path) as journeys
                from {{ paths }}
                group by model, method
            ) as games
        ) as solved
    )
{%- endmacro %}

{% macro spark__shapley_shares(paths) -%}
    (
        select
            solved.model,
            solved.path,
            shares_of.channels as channel,
            shares_of.shares as share
        from (
            select
                games.model,
                answers.path,
                split(answers.path, ' > ') as channels,
                answers.shares
            from (
                select
                    model,
                    transform(listed.rows, row -> row.path) as path,
                    shapley_shares(
                        method,
                        transform(listed.rows, row -> row.path),
                        transform(listed.rows, row -> row.conversions),
                        transform(listed.rows, row -> row.journeys)
                    ) as shares
                from (
                    select
                        model,
                        method,
                        array_sort(
                            collect_list(
                                named_struct(
                                    'path', path,
                                    'conversions', cast(conversions as bigint),
                                    'journeys', cast(journeys as bigint)
                                )
                            )
                        ) as rows
                    from {{ paths }}
                    group by model, method
                ) as listed
            ) as games
            lateral view inline(arrays_zip(games.path, games.shares)) as answers
        ) as solved
        lateral view inline(arrays_zip(solved.channels, solved.shares)) as shares_of
    )
{%- endmacro %}
