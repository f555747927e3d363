"""What strangers send, as JSON text that is safe for a warehouse."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from ingestion.contracts.event_type import PULLED
from ingestion.webhooks.salesforce_xml import to_document

# A NUL cannot be stored by every database, and means nothing in a lead. The pair of backslashes
# before it belongs to an escaped backslash, after which "u0000" is plain text.
_NUL_ESCAPE = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")

# Deeper than any vendor nests, and shallow enough for every parser behind us.
_MAX_DEPTH = 100


@dataclass(frozen=True, slots=True)
class Parsed:
    """A JSON text without NUL characters, and what it says."""

    text: str
    document: Any


def parse(body: bytes) -> Parsed | None:
    """The JSON of a body; None when it is no JSON, is no UTF-8, or is nested too deeply."""
    # Most bodies hold no backslash at all, and one byte is found much faster than six.
    if b"\\" in body and b"\\u0000" in body:
        body = _NUL_ESCAPE.sub(rb"\1", body)
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    # Depth is bounded by the number of brackets, so that nearly every body is passed at once.
    if body.count(b"{") + body.count(b"[") > _MAX_DEPTH and _deeper_than(document, _MAX_DEPTH):
        return None
    return Parsed(body.decode(), document)


def parse_salesforce(body: bytes) -> Parsed | None:
    """A Salesforce notification as JSON; None when it cannot be read, or is nested too deeply.

    What was read from Salesforce's API is JSON as it comes.
    """
    if body.startswith(b"{"):
        pulled = parse(body)
        return pulled if pulled is not None and PULLED in pulled.document else None
    document = to_document(body)
    if document is None or _deeper_than(document, _MAX_DEPTH):
        return None
    return Parsed(orjson.dumps(document).decode(), document)


PARSERS: Final[Mapping[str, Callable[[bytes], Parsed | None]]] = {"salesforce": parse_salesforce}
"""Sources whose bodies are no JSON as they come."""


def _deeper_than(document: Any, depth: int) -> bool:
    level = [document]
    for _ in range(depth):
        level = [child for node in level for child in _children(node)]
        if not level:
            return False
    return True


def _children(node: Any) -> list[Any]:
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return [child for child in children if isinstance(child, dict | list)]
