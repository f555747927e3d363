"""The correlation id: one thread through gateway, log, warehouse and delivery."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

HEADER = "x-correlation-id"

_ACCEPTED = re.compile(r"[A-Za-z0-9._:-]{8,128}", re.ASCII)
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}.*", re.ASCII)
_NO_TRACE = "0" * 32


def correlation_id(headers: Mapping[str, str], new_id: Callable[[], str]) -> str:
    """The caller's id, else the trace id of its ``traceparent``, else ``new_id()``.

    What is too long, too short or holds odd characters is not taken over: ids end up in logs.
    """
    given = headers.get(HEADER)
    if given is not None and _ACCEPTED.fullmatch(given):
        return given
    trace = _TRACEPARENT.fullmatch(headers.get("traceparent", ""))
    if trace is not None and trace[1] != _NO_TRACE:
        return trace[1]
    return new_id()
