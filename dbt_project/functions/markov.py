"""Removal effects of an absorbing Markov chain, by one exact linear solve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

START: Final = "(start)"
CONVERSION: Final = "(conversion)"
NULL: Final = "(null)"

Vector = npt.NDArray[np.float64]


def markov_removal_effects(
    channels: Sequence[str], steps: Sequence[Sequence[str]], counts: Sequence[int]
) -> list[float]:
    """For each channel the share of conversions lost when every step into it ends in ``(null)``.

    ``steps`` are pairs (from, to) of states: channels, ``(start)``, ``(conversion)`` and
    ``(null)``; ``counts`` says how often each was taken. Their order does not matter. Every journey
    has to end, as those that are cut from a log do; without conversions all effects are 0.

    >>> steps = [["(start)", "a"], ["a", "b"], ["a", "(null)"], ["b", "(conversion)"]]
    >>> markov_removal_effects(["a", "b"], steps, [2, 1, 1, 1])
    [1.0, 1.0]
    """
    if not channels:
        return []
    start, between, converting = _probabilities(channels, steps, counts)
    # visits[i, j]: how often a journey that is at i comes to j before it ends.
    visits = np.linalg.inv(np.eye(len(channels)) - between)
    from_start = start @ visits
    total = from_start @ converting
    if total <= 0:
        return [0.0] * len(channels)
    reached = from_start / np.diag(visits)  # the chance to come there at all
    effects = reached * (visits @ converting) / total
    return [float(effect) for effect in np.clip(effects, 0.0, 1.0)]


def _probabilities(
    channels: Sequence[str], steps: Sequence[Sequence[str]], counts: Sequence[int]
) -> tuple[Vector, Vector, Vector]:
    """Steps from the start (n), between channels (n x n) and into conversion (n)."""
    place = {state: index for index, state in enumerate([*channels, START, CONVERSION, NULL])}
    taken: Vector = np.zeros((len(place), len(place)))
    for (source, target), count in zip(steps, counts, strict=True):
        if source != target:  # to stay changes no chance to arrive
            taken[place[source], place[target]] += count
    left = taken.sum(axis=1, keepdims=True)
    chance = np.divide(taken, left, out=np.zeros_like(taken), where=left > 0)
    n = len(channels)
    return chance[n, :n], chance[:n, :n], chance[:n, n + 1]
