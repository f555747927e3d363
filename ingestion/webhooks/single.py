"""Vendors that send one event a request: what they are keyed by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from ingestion.webhooks.base import Split, SplitEvent, id_or_content_key


def by_field(name: str) -> Split:
    """The body as one event, keyed by its member ``name``."""

    def split(body: bytes, headers: Mapping[str, str]) -> Sequence[SplitEvent]:
        return [SplitEvent(id_or_content_key(document(body).get(name), body), body)]

    return split


def by_header(name: str) -> Split:
    """The body as one event, keyed by the header ``name`` (lower case)."""

    def split(body: bytes, headers: Mapping[str, str]) -> Sequence[SplitEvent]:
        return [SplitEvent(id_or_content_key(headers.get(name), body), body)]

    return split


def document(body: bytes) -> Mapping[str, object]:
    """The JSON object of a body; an empty one where the body is something else."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
