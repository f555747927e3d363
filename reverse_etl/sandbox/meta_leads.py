"""Pages, their lead forms, and what people said in them, as Meta's Graph API tells it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from reverse_etl.sandbox.answer import Answer, RefusedError, Request
from reverse_etl.sandbox.meta_wire import error, paged

PATH: Final = re.compile(
    r"^/v\d+\.\d+/(?P<id>\d+)(?:/(?P<edge>leadgen_forms|leads|test_leads))?/?$"
)
_FIRST_ID: Final = 100_000_000_000_000
_USUAL: Final = ("id", "created_time", "field_data")
_RULES: Final[Mapping[str, Callable[[int, int], bool]]] = {
    "GREATER_THAN": int.__gt__,
    "GREATER_THAN_OR_EQUAL": int.__ge__,
    "LESS_THAN": int.__lt__,
    "LESS_THAN_OR_EQUAL": int.__le__,
}


def submit(
    request: Request,
    given: Mapping[str, Any],
    forms: Sequence[Mapping[str, Any]],
    held: list[dict[str, Any]],
) -> Answer:
    """POST …/test_leads: somebody fills in a form. Raises RefusedError."""
    found = PATH.match(request.path)
    form = next((each for each in forms if found and each["id"] == found["id"]), None)
    if form is None:
        raise RefusedError(error(100, "Unsupported post request.", 33))
    created = datetime.fromtimestamp(request.at, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
    fields = given.get("field_data") or "[]"
    told = orjson.loads(fields) if isinstance(fields, str) else fields
    lead = {"id": str(_FIRST_ID + len(held)), "created_time": created, "form_id": form["id"]}
    held.append({**lead, "is_organic": True, "platform": "fb", "field_data": told})
    return Answer(200, {"id": lead["id"]})


def page_token(page: str) -> str:
    """The token of a page, as Meta gives it to whoever manages the page."""
    return f"page-{page}"


def leads(
    request: Request,
    token: str,
    forms: Sequence[Mapping[str, Any]],
    held: Sequence[Mapping[str, Any]],
    size: int,
) -> Answer:
    """GET a page (its token), its forms, or a form's leads, newest first, by pages of at most
    `size`. `forms` name their `page`, `held` leads their `form_id`. Raises RefusedError."""
    found = PATH.match(request.path)
    key, edge = (found["id"], found["edge"]) if found else ("", "")
    pages = {form["page"] for form in forms}
    if edge is None and key in pages:
        wanted = request.query.get("fields", "").split(",")
        return Answer(200, {"id": key} | _token(key, wanted))
    if edge == "leadgen_forms" and key in pages:
        _as_page(token, key)
        shown = [{"id": form["id"], "status": form["status"]} for form in forms]
        mine = [each for each, form in zip(shown, forms, strict=True) if form["page"] == key]
        return paged(request, mine, size)
    form = next((form for form in forms if form["id"] == key), None)
    if edge != "leads" or form is None:
        raise RefusedError(error(100, f"Object with ID '{key}' does not exist", 33))
    return paged(request, _chosen(request, key, held), size)


def _token(page: str, wanted: Sequence[str]) -> dict[str, str]:
    return {"access_token": page_token(page)} if "access_token" in wanted else {}


def _as_page(token: str, page: str) -> None:
    if token != page_token(page):
        text = "(#190) This method must be called with a Page Access Token"
        raise RefusedError(error(190, text, 0))


def _chosen(request: Request, form: str, held: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    fields = tuple(filter(None, request.query.get("fields", "").split(","))) or _USUAL
    rules = orjson.loads(request.query.get("filtering") or b"[]")
    mine = [lead for lead in held if lead["form_id"] == form and _keeps(lead, rules)]
    mine.sort(key=_created, reverse=True)
    return [{name: lead[name] for name in ("id", *fields) if name in lead} for lead in mine]


def _keeps(lead: Mapping[str, Any], rules: Sequence[Mapping[str, Any]]) -> bool:
    for rule in rules:
        compare = _RULES.get(str(rule.get("operator")))
        if rule.get("field") != "time_created" or compare is None:
            raise RefusedError(error(100, "(#100) Filtering on this field is not supported", 0))
        if not compare(_created(lead), int(rule["value"])):
            return False
    return True


def _created(lead: Mapping[str, Any]) -> int:
    return int(datetime.fromisoformat(lead["created_time"]).timestamp())
