"""Removal effects of the Markov chain against a removal done by hand."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbt_project.functions.markov import markov_removal_effects

PATHS = st.lists(
    st.tuples(st.lists(st.sampled_from("abcd"), min_size=1, max_size=5), st.booleans()),
    min_size=1,
    max_size=12,
)
Steps = list[tuple[str, str]]


def steps_of(paths: list[tuple[list[str], bool]]) -> Steps:
    return [
        step
        for channels, converted in paths
        for step in zip(
            ["(start)", *channels],
            [*channels, "(conversion)" if converted else "(null)"],
            strict=True,
        )
    ]


def conversion_rate(steps: Steps, removed: str | None) -> float:
    """How much of what starts converts when every step into one state leads nowhere."""
    states = sorted({state for step in steps for state in step} | {"(start)", "(conversion)"})
    chance = np.zeros((len(states), len(states)))
    for source, target in steps:
        chance[states.index(source), states.index(target)] += 1
    chance /= np.maximum(chance.sum(axis=1, keepdims=True), 1)
    if removed:
        chance[:, states.index(removed)] = 0
    arrived = np.zeros(len(states))
    arrived[states.index("(conversion)")] = 1
    for _ in range(3000):
        arrived = np.maximum(chance @ arrived, arrived)
    return float(arrived[states.index("(start)")])


@settings(max_examples=40)
@given(PATHS, st.randoms(use_true_random=False))
def test_the_effect_is_what_removing_the_channel_costs(
    paths: list[tuple[list[str], bool]], shuffle: random.Random
) -> None:
    """For every channel the exact solution equals the chain walked without it, in any order."""
    steps = steps_of(paths)
    channels = sorted({channel for path, _ in paths for channel in path})
    total = conversion_rate(steps, None)
    expected = [
        (total - conversion_rate(steps, channel)) / total if total else 0.0 for channel in channels
    ]
    shuffled = shuffle.sample(steps, len(steps))
    found = markov_removal_effects(channels, shuffled, [1] * len(steps))
    assert expected == pytest.approx(found, abs=1e-6)


def test_without_channels_there_is_nothing_to_remove() -> None:
    """An empty chain has no effects."""
    assert [] == markov_removal_effects([], [], [])
