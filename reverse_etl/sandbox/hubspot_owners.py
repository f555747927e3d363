"""The people of a simulated portal to whom records may belong."""

from __future__ import annotations

from typing import Any, Final

from reverse_etl.sandbox.answer import Answer, Request

_MADE: Final = "2025-11-03T09:00:00.000Z"
_MOST: Final = 100
_NAMES: Final = (("Mia", "Berg"), ("Jonas", "Falk"), ("Ines", "Alvarez"))


def _owner(number: int, first: str, last: str) -> dict[str, Any]:
    return {
        "id": str(77_000 + number),
        "email": f"{first}.{last}@example.com".lower(),
        "firstName": first,
        "lastName": last,
        "userId": 9_000 + number,
        "createdAt": _MADE,
        "updatedAt": _MADE,
        "archived": False,
    }


OWNERS: Final = tuple(_owner(number, *names) for number, names in enumerate(_NAMES, 1))


def owners(request: Request) -> Answer:
    """GET /crm/v3/owners, by pages."""
    size = min(int(request.query.get("limit") or _MOST), _MOST)
    after = int(request.query.get("after") or 0)
    answer: dict[str, Any] = {"results": list(OWNERS[after : after + size])}
    if after + size < len(OWNERS):
        answer["paging"] = {"next": {"after": str(after + size)}}
    return Answer(200, answer)
