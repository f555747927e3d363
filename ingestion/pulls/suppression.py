"""Who was erased does not come back because a vendor still holds them.

What a vendor's API lists about somebody who was erased, and was made before the erasure, is not
stored: it is recognised by the salted hashes that the erasure left in the log. What was made after
it is somebody who came back by themselves, of whom the models make what they make of a webhook.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from ingestion.event_log import EventLog
from ingestion.event_log.erasure import proofs
from ingestion.pulls.model import Found, Object
from ingestion.sources.moments import moment

# What the own id of an object identifies a person by, as the match rules call it.
_PEOPLE: Final[Mapping[tuple[str, str], tuple[str, str]]] = {
    ("hubspot", "contact"): ("hubspot_contact_id", "id"),
    ("salesforce", "Lead"): ("salesforce_id", "Id"),
    ("salesforce", "Contact"): ("salesforce_id", "Id"),
    ("stripe", "customer"): ("stripe_customer_id", "id"),
    ("meta", "lead"): ("meta_lead_id", "id"),
}
_MADE: Final = ("createdAt", "CreatedDate", "created_time", "created")
_MAILBOX: Final = "email_normalised"


@dataclass(frozen=True, slots=True)
class Erasure:
    """When somebody was erased, and the salted hashes of what they were known by."""

    at: datetime
    salt: str
    hashes: frozenset[str]


def erasures(log: EventLog) -> list[Erasure]:
    """The erasures there were. Raises LogUnavailableError."""
    return [_erasure(orjson.loads(each.body)) for each in proofs(log)]


def is_suppressed(
    source: str, kind: str, found: Found, erased: Sequence[Erasure], *, as_told: bool
) -> bool:
    """Whether an object is about somebody who was erased after it was made. ``as_told``: it is an
    event, which is made when it happens."""
    if not erased:
        return False
    made = found.changed_at if as_told else _made(found.content)
    later = [each for each in erased if made is None or made <= each.at]
    known = set(_identifiers(source, kind, found.content)) if later else ()
    return any(_hash(each.salt, *pair) in each.hashes for each in later for pair in known)


def _erasure(told: Mapping[str, Any]) -> Erasure:
    at = datetime.fromisoformat(told["occurred_at"])
    return Erasure(at, told["salt"], frozenset(told["identifiers"]))


def _made(content: Object) -> datetime | None:
    told = next((content[name] for name in _MADE if content.get(name)), None)
    return datetime.fromtimestamp(told, UTC) if isinstance(told, int) else moment(told)


def _identifiers(source: str, kind: str, content: Object) -> Iterator[tuple[str, str]]:
    """What an object names people by: its own id, whose it is at Stripe, every e-mail address."""
    from dbt_project.functions.normalise import normalise_email  # with lists of its own

    field, member = _PEOPLE.get((source, kind), ("", ""))
    if field and content.get(member):
        yield field, str(content[member])
    if source == "stripe":
        yield from (("stripe_customer_id", text) for text in _texts(content) if _is_customer(text))
    for text in _texts(content):
        if "@" in text and (mailbox := normalise_email(text)):
            yield _MAILBOX, mailbox


def _is_customer(text: str) -> bool:
    return text.startswith("cus_")


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _hash(salt: str, field: str, value: str) -> str:
    return hashlib.sha256(f"{salt}:{field}:{value}".encode()).hexdigest()
