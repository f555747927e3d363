"""Spans whose ids follow from what they tell of, so that no process has to hand a context on.

A correlation id is a trace: gateway, lanes and dispatcher each know it, and say the same ids
without having spoken to each other. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b

_HEX = re.compile(r"[0-9a-f]{32}", re.ASCII)
_NO_TRACE = "0" * 32
Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class SpanKey:
    """Names a span: the correlation id of its trace, what it is, and which one of these."""

    trace: str
    name: str
    which: str = ""

    @property
    def trace_id(self) -> int:
        """128 bits: the correlation id itself where it is a trace id, else its hash."""
        if _HEX.fullmatch(self.trace) and self.trace != _NO_TRACE:
            return int(self.trace, 16)
        return _bits(self.trace, 16)

    @property
    def span_id(self) -> int:
        """64 bits."""
        return _bits(f"{self.trace}\n{self.name}\n{self.which}", 8)


@dataclass(frozen=True, slots=True)
class Span:
    """Something that took a time. `code`: of the error catalogue, where it failed. Attributes hold
    counts, states, codes and names of this installation: nothing that a person sent."""

    key: SpanKey
    start: datetime
    end: datetime
    parent: SpanKey | None = None
    link: SpanKey | None = None
    attributes: Mapping[str, Value] = field(default_factory=dict)
    code: str | None = None


def receipt(correlation_id: str) -> SpanKey:
    """The request that brought an event: the root of its trace."""
    return SpanKey(correlation_id, "gateway.receive")


def before(end: datetime, milliseconds: float) -> datetime:
    """When something began that took so long."""
    return end - timedelta(milliseconds=milliseconds)


def _bits(text: str, size: int) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=size).digest(), "big") or 1
