"""Which fields leave the house with a payload, and which of them tell who somebody is. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

# Names of fields at the destinations; hashing does not make them impersonal.
PERSONAL: Final = frozenset({
    "email", "phone", "mobilephone", "firstname", "lastname", "address", "city", "state", "zip",
    "company", "jobtitle", "date_of_birth", "hs_task_subject", "hs_task_body",
    "hs_note_body", "dealname", "event_source_url",
    "em", "ph", "fn", "ln", "ge", "db", "ct", "st", "zp", "country", "external_id", "lead_id",
    "fbc", "fbp", "client_ip_address", "client_user_agent", "text",
    "Email", "Phone", "FirstName", "LastName", "Company", "Title", "Subject", "Description",
    "fallbackText", "person_id", "client_id", "user_id",
    "domain", "email_hash", "first_name", "hashed_email", "last_name",
})  # fmt: skip
AT_HOME: Final = frozenset({"keeps", "refers_to"})
_SHA256: Final = re.compile(r"^[0-9a-f]{64}$")


@dataclass(frozen=True, slots=True)
class LeavingField:
    """`name`: its path in the payload; `rows`: how many have it; `is_hashed`: every value is a
    SHA-256."""

    name: str
    rows: int
    is_personal: bool
    is_hashed: bool


def leaving(payloads: Iterable[Mapping[str, Any]]) -> list[LeavingField]:
    """The fields of these payloads that hold a value, personal ones first, then by name. What a
    payload refers to stays at home: the destination's own id goes in its place. So does what it
    `keeps` for the answer."""
    rows: dict[str, int] = {}
    plain: set[str] = set()
    for payload in payloads:
        found = set()
        sent = {key: value for key, value in payload.items() if key not in AT_HOME}
        for name, value in _leaves(sent, ""):
            found.add(name)
            if not (isinstance(value, str) and _SHA256.match(value)):
                plain.add(name)
        for name in found:
            rows[name] = rows.get(name, 0) + 1
    fields = [
        LeavingField(name, count, name.rpartition(".")[2] in PERSONAL, name not in plain)
        for name, count in rows.items()
    ]
    return sorted(fields, key=lambda field: (not field.is_personal, field.name))


def _leaves(value: object, path: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, path)
    elif value is not None:
        yield path, value
