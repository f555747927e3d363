"""What the conformance suite must know of one connector. One file a vendor has its cases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from reverse_etl.connectors import ConnectorSettings
from reverse_etl.model import ActivationRow

TIMEOUT = timedelta(milliseconds=400)
GOOD = "good"


@dataclass(frozen=True)
class Case:
    """One action of one connector.

    `rows(count)`: wanted effects; `first(count)`: what must be at the vendor before them.
    `settings(url, token)`: an account at the sandbox. `objects`: where the sandbox keeps the
    effects, `path`: a part of the path of the request that makes them, `key`: the field of an
    object that holds our key (dotted). `repeats`: the vendor cannot be asked, so a lost answer is
    a possible repeat. `batches`: several rows go in one request. `reads_answers`: a good status
    alone is not enough. `keeps_keys`: the vendor itself knows a second effect by its key.
    `knows_tokens`: it tells when a token is wrong. `stops_at`: client errors by which it says that
    the account is gone, or its address wrong. `name`: for the test's id, where several cases share
    `objects`.
    """

    destination: str
    objects: str
    path: str
    key: str
    rows: Callable[[int], Sequence[ActivationRow]]
    settings: Callable[[str, str], ConnectorSettings]
    first: Callable[[int], Sequence[ActivationRow]] = lambda _count: ()
    repeats: bool = False
    batches: bool = True
    reads_answers: bool = True
    keeps_keys: bool = True
    knows_tokens: bool = True
    stops_at: frozenset[int] = frozenset({404})
    name: str = ""

    def key_of(self, item: dict[str, Any]) -> Any:
        """Our key in an object of the sandbox."""
        found: Any = item.get("properties", item)
        for part in self.key.split("."):
            found = found[part]
        return found
