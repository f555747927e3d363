"""Meta: up to 1,000 changes a request, under the objects they happened to; each becomes an event.

An event's body is a small envelope around the change as it was sent::

    {"object": "page", "entry_id": "<page>", "time": 1700000000, "change": {"field": …, "value": …}}

with what else the entry said, if anything, as ``entry``. A lead is keyed by its ``leadgen_id``,
any other change by the hash of its envelope. A request that holds anything but changes (messages,
for instance) is one event.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from ingestion.json_slices import Slice, array_items, object_members
from ingestion.signatures import META
from ingestion.webhooks.base import SplitEvent, WebhookSource, content_key, id_or_content_key
from ingestion.webhooks.handshake import ChallengeHandshake

_ENVELOPED = ("id", "time", "changes")


def split(body: bytes, headers: Mapping[str, str]) -> Sequence[SplitEvent]:
    """The changes of every entry; a body that is not made of them is one event."""
    try:
        return list(_events(body.decode()))
    except (ValueError, LookupError, RecursionError):
        return [SplitEvent(content_key(body), body)]


def _events(text: str) -> Iterator[SplitEvent]:
    document = object_members(text)
    for item in array_items(document["entry"].text):
        entry = object_members(item.text)
        around = _around(document, entry)
        for change in array_items(entry["changes"].text):
            envelope = _joined({**around, "change": change.text}).encode()
            yield SplitEvent(_key(change.value, envelope), envelope)


def _around(document: Mapping[str, Slice], entry: Mapping[str, Slice]) -> dict[str, str]:
    """What the request says about a change outside of it, as JSON texts by name."""
    said = {
        "object": document.get("object"),
        "entry_id": entry.get("id"),
        "time": entry.get("time"),
    }
    around = {name: value.text for name, value in said.items() if value}
    rest = {name: value.text for name, value in entry.items() if name not in _ENVELOPED}
    return {**around, "entry": _joined(rest)} if rest else around


def _joined(members: Mapping[str, str]) -> str:
    """A JSON object of members that are JSON texts already."""
    return "{" + ",".join(f"{json.dumps(name)}:{text}" for name, text in members.items()) + "}"


def _key(change: object, envelope: bytes) -> str:
    if not isinstance(change, dict) or change.get("field") != "leadgen":
        return content_key(envelope)
    value = change.get("value")
    lead = value.get("leadgen_id") if isinstance(value, dict) else None
    return id_or_content_key(f"leadgen:{lead}" if lead else None, envelope)


HANDSHAKE = ChallengeHandshake("hub.challenge", "hub.verify_token", {"hub.mode": "subscribe"})

SOURCE = WebhookSource(
    "meta", META, split, frozenset({META.header}), handshake=HANDSHAKE, occurred_at=("time",)
)
