"""Making the next thing while the last one is used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterable[T]) -> Iterator[T]:
    """The same items; a thread makes the next one while the last one is used, never more.

    What the making raises is raised in its place. Whoever stops early waits for the one being made.
    """
    making = iter(items)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="ahead") as pool:
        coming = pool.submit(_one, making)
        while made := coming.result():
            coming = pool.submit(_one, making)
            yield made[0]


def _one(items: Iterator[T]) -> list[T]:
    """The next item in a list, an empty list at the end."""
    return [item for _, item in zip(range(1), items, strict=False)]
