"""The custom properties that our deliveries need, created on first use."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from reverse_etl.connectors.base import Work
from reverse_etl.connectors.hubspot.api import HubSpotApi

PREFIX: Final = "millrace_"
_GROUPS: Final = {
    "contacts": "contactinformation",
    "companies": "companyinformation",
    "deals": "dealinformation",
    "tasks": "task",
    "notes": "note",
}
_UNIQUE: Final = {"millrace_id", "millrace_account_id", "millrace_deal_id", "millrace_key"}
_NUMBERS: Final = {"millrace_score"}
_ALWAYS: Final = {
    "contacts": ("millrace_id", "millrace_score", "millrace_original_source"),
    "companies": ("millrace_account_id",),
    "deals": ("millrace_deal_id",),
    "tasks": ("millrace_key",),
    "notes": ("millrace_key",),
}


class Properties:
    """Remembers which properties exist, so that HubSpot is asked once a process."""

    def __init__(self, api: HubSpotApi) -> None:
        self._api = api
        self._known: dict[str, frozenset[str]] = {}

    async def has(self, work: Work, kind: str, name: str) -> bool:
        """Whether a property exists. Raises CallFailedError."""
        if name not in self._known.get(kind, ()):
            self._known[kind] = await self._api.property_names(work, kind)
        return name in self._known[kind]

    async def ensure(self, work: Work, kind: str, used: Iterable[str]) -> None:
        """Create what is missing. Raises CallFailedError."""
        needed = {*_ALWAYS[kind], *(name for name in used if name.startswith(PREFIX))}
        if kind not in self._known:
            self._known[kind] = await self._api.property_names(work, kind)
        for name in sorted(needed - self._known[kind]):
            await self._api.create_property(work, kind, definition(kind, name))
            self._known[kind] |= {name}


def definition(kind: str, name: str) -> dict[str, Any]:
    """A property definition as HubSpot takes it."""
    number = name in _NUMBERS
    return {
        "name": name,
        "label": name.replace("_", " ").capitalize(),
        "groupName": _GROUPS[kind],
        "type": "number" if number else "string",
        "fieldType": "number" if number else "text",
        "hasUniqueValue": name in _UNIQUE,
        "description": "Written by Millrace.",
    }
