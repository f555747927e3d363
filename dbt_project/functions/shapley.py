"""Shares of the channels of a path in its conversions, by what the path would do without them.

Two methods over the same observed paths:

``shapley_path``   a channel's marginal contribution is how much likelier the path converts than
                   the same path without that channel (the order of the others kept);
``shapley_value``  the Shapley value proper: the marginal contribution to every subset of the path's
                   channels, weighted by the orders in which that subset can come first.

A path that was never seen converts nobody. A negative contribution counts as none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import factorial
from typing import Final

import numpy as np
import numpy.typing as npt

SEPARATOR: Final = " > "
MOST_CHANNELS: Final = 62  # a set of channels is the bits of one signed 64-bit number


class ShapleyMethodUnknownError(ValueError):
    """No method of this name: use shapley_path or shapley_value."""


class TooManyChannelsError(ValueError):
    """The Shapley value is exact for up to 62 channels; group the channels, or leave it out."""

    code = "ATTRIBUTION_TOO_MANY_CHANNELS"


def shapley_shares(
    method: str, paths: Sequence[str], conversions: Sequence[int], journeys: Sequence[int]
) -> list[list[float]]:
    """For each path the shares of its channels, in the path's order; they sum to 1.

    A path is its channels joined by " > ", each channel once, each path given once; ``journeys``
    counts those who took it, ``conversions`` those of them who converted. Where no channel has a
    contribution, the last one gets all. Raises ShapleyMethodUnknownError and TooManyChannelsError.

    >>> shapley_shares("shapley_path", ["a", "a > b"], [1, 1], [4, 2])
    [[1.0], [0.6666666666666666, 0.3333333333333333]]
    """
    try:
        contributions = _METHODS[method]
    except KeyError:
        known = ", ".join(sorted(_METHODS))
        raise ShapleyMethodUnknownError(f"{method!r} is not one of {known}") from None
    split = [tuple(path.split(SEPARATOR)) for path in paths]
    rates = [won / all_ for won, all_ in zip(conversions, journeys, strict=True)]
    return [_normalised(row) for row in contributions(split, rates)]


def _normalised(contributions: Sequence[float]) -> list[float]:
    kept = [max(contribution, 0.0) for contribution in contributions]
    total = sum(kept)
    if total <= 0:
        return [0.0] * (len(kept) - 1) + [1.0]
    return [contribution / total for contribution in kept]


def _leave_one_out(paths: Sequence[tuple[str, ...]], rates: Sequence[float]) -> list[list[float]]:
    rate_of = dict(zip(paths, rates, strict=True))
    return [
        [rate - rate_of.get(path[:i] + path[i + 1 :], 0.0) for i in range(len(path))]
        for path, rate in zip(paths, rates, strict=True)
    ]


def _over_subsets(paths: Sequence[tuple[str, ...]], rates: Sequence[float]) -> list[list[float]]:
    """Only the sets that converted anybody add to the sum, so those are all it runs over."""
    bits = _bits(paths)
    masks = np.array([sum(bits[channel] for channel in path) for path in paths], dtype=np.int64)
    rates_of = np.array(rates, dtype=np.float64)
    worth = rates_of > 0
    seen, seen_rates = masks[worth], rates_of[worth]
    return [
        _values([bits[channel] for channel in path], int(mask), seen, seen_rates)
        if rate > 0
        else [0.0] * len(path)
        for path, mask, rate in zip(paths, masks, rates, strict=True)
    ]


def _bits(paths: Sequence[tuple[str, ...]]) -> dict[str, int]:
    channels = sorted({channel for path in paths for channel in path})
    if len(channels) > MOST_CHANNELS:
        raise TooManyChannelsError(f"{len(channels)} channels; the limit is {MOST_CHANNELS}")
    return {channel: 1 << place for place, channel in enumerate(channels)}


def _values(
    members: Sequence[int],
    mask: int,
    seen: npt.NDArray[np.int64],
    seen_rates: npt.NDArray[np.float64],
) -> list[float]:
    """The Shapley value of each member in the game of this set of channels."""
    inside = (seen & ~np.int64(mask)) == 0
    subsets, rates = seen[inside], seen_rates[inside]
    sizes = np.bitwise_count(subsets).astype(np.int64)
    n = len(members)
    orders = [factorial(size) * factorial(n - size - 1) for size in range(n)]
    chance = np.array([ways / factorial(n) for ways in orders] + [0.0])
    with_it, without_it = chance[sizes - 1] * rates, chance[sizes] * rates
    return [float(np.where(subsets & np.int64(bit), with_it, -without_it).sum()) for bit in members]


_METHODS: Final[
    dict[str, Callable[[Sequence[tuple[str, ...]], Sequence[float]], list[list[float]]]]
] = {
    "shapley_path": _leave_one_out,
    "shapley_value": _over_subsets,
}
