"""What an API key may do: `<source>:<action>`, with `*` for every source."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, Self, cast, get_args

from ingestion.errors import ScopeInvalidError

Action = Literal["write", "read"]
"""`write` sends events; `read` looks up what became of them."""

EVERY_SOURCE: Final = "*"

_SOURCE = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
_ACTIONS: Final = frozenset(get_args(Action))


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """One action at one source, or at every one."""

    source: str
    action: Action

    @classmethod
    def parse(cls, text: str) -> Self:
        """`webshop:write` → a scope. Raises ScopeInvalidError."""
        source, _, action = text.partition(":")
        if action not in _ACTIONS or not (source == EVERY_SOURCE or is_source_name(source)):
            raise ScopeInvalidError(f"{text!r} is no scope.")
        return cls(source, cast("Action", action))

    def covers(self, source: str, action: Action) -> bool:
        """Whether the scope allows ``action`` at ``source``."""
        return self.action == action and self.source in (source, EVERY_SOURCE)

    def __str__(self) -> str:
        return f"{self.source}:{self.action}"


def is_source_name(text: object) -> bool:
    """Whether this can name a source: lower-case letters, digits and `_`, a letter first."""
    return isinstance(text, str) and _SOURCE.fullmatch(text) is not None
