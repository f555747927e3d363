"""Which fields the org has: asked before the first write, since one unknown field refuses all
records of a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from reverse_etl.connectors.base import Work
from reverse_etl.connectors.salesforce.api import SalesforceApi
from reverse_etl.connectors.salesforce.records import fields
from reverse_etl.connectors.salesforce.usage import long_wait
from reverse_etl.model import Kind, Outcome

_FIELD_UNKNOWN: Final = "SALESFORCE_FIELD_UNKNOWN"
_KEY_MISSING: Final = "SALESFORCE_KEY_MISSING"


class Definitions:
    """Remembers the fields of each object; asks again when one is missing."""

    def __init__(self, api: SalesforceApi) -> None:
        self._api = api
        self._known: dict[str, frozenset[str]] = {}

    async def check(self, work: Work, kind: str) -> None:
        """Give an outcome to rows that cannot be written. Raises CallFailedError."""
        used = {row.id: set(fields(work, row, kind)) for row in work.open}
        needed = {self._api.key_field}.union(*used.values())
        if not needed <= self._known.get(kind, frozenset()):
            found = await self._api.field_definitions(work, kind)
            self._known[kind] = frozenset(_names(found, self._api.key_field))
        known = self._known[kind]
        for row in work.open:
            if self._api.key_field not in known:
                work.set(row, self._no_key(kind, row.attempts))
            elif missing := sorted(used[row.id] - known):
                text = f"{kind} has no field {missing[0]} that we may write."
                work.set(row, Outcome(Kind.PERMANENT, _FIELD_UNKNOWN, text))

    def _no_key(self, kind: str, attempts: int) -> Outcome:
        text = f"{kind} has no external id field {self._api.key_field} that we may write."
        wait = long_wait(attempts)
        return Outcome(Kind.RETRYABLE, _KEY_MISSING, text, retry_after=wait)


def _names(found: tuple[Mapping[str, Any], ...], key_field: str) -> set[str]:
    names = set()
    for field in found:
        name = str(field.get("name"))
        if name == key_field and not field.get("externalId"):
            continue
        if field.get("createable") or field.get("updateable"):
            names.add(name)
            if field.get("relationshipName"):
                names.add(str(field["relationshipName"]))
    return names
