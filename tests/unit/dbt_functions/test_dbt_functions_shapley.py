"""Shares of channels against the definition: the mean over all orders of arrival."""

from __future__ import annotations

from itertools import permutations
from math import factorial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbt_project.functions.shapley import (
    MOST_CHANNELS,
    ShapleyMethodUnknownError,
    TooManyChannelsError,
    shapley_shares,
)

SETS = st.dictionaries(
    st.frozensets(st.sampled_from("abcde"), min_size=1).map(
        lambda names: " > ".join(sorted(names))
    ),
    st.tuples(st.integers(0, 5), st.integers(1, 5)),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60)
@given(SETS)
def test_the_value_is_the_mean_over_all_orders(told: dict[str, tuple[int, int]]) -> None:
    """The Shapley value by its definition, negative contributions floored, normalised."""
    rates = {path: won / (won + lost) for path, (won, lost) in told.items()}
    found = shapley_shares(
        "shapley_value",
        list(told),
        [won for won, _ in told.values()],
        [won + lost for won, lost in told.values()],
    )
    for path, shares in zip(told, found, strict=True):
        if not rates[path]:
            continue
        names = path.split(" > ")
        values = dict.fromkeys(names, 0.0)
        for order in permutations(names):
            for place, name in enumerate(order):
                before, after = sorted(order[:place]), sorted(order[: place + 1])
                gain = rates.get(" > ".join(after), 0.0) - rates.get(" > ".join(before), 0.0)
                values[name] += gain / factorial(len(names))
        kept = [max(value, 0.0) for value in values.values()]
        assert [value / sum(kept) for value in kept] == pytest.approx(shares, abs=1e-9)


def test_a_channel_is_worth_what_its_path_does_without_it() -> None:
    """One half of b after a convert, a quarter of a alone, nobody of b alone: 2 to 1."""
    paths, won, walked = ["a", "b", "a > b", "b > a"], [1, 0, 1, 0], [4, 3, 2, 9]
    shares = shapley_shares("shapley_path", paths, won, walked)
    assert [[1.0], [1.0], pytest.approx([2 / 3, 1 / 3]), [0.0, 1.0]] == shares


def test_too_many_channels_are_refused_not_guessed() -> None:
    """More channels than can be exact are an error with a code; the limit itself is not."""
    names = [f"c{number:02d}" for number in range(MOST_CHANNELS + 1)]
    everything = " > ".join(names)
    with pytest.raises(TooManyChannelsError, match="63 channels"):
        shapley_shares("shapley_value", [everything], [1], [1])
    (shares,) = shapley_shares("shapley_value", [" > ".join(names[1:])], [1], [1])
    assert pytest.approx([1 / MOST_CHANNELS] * MOST_CHANNELS) == shares


def test_an_unknown_method_is_named() -> None:
    """The message says which methods there are."""
    with pytest.raises(ShapleyMethodUnknownError, match="shapley_path, shapley_value"):
        shapley_shares("guess", [], [], [])
