"""A small part of SOQL: fields of one object, conditions with =, IN and (of times) >=, an order,
a limit, and pages."""

from __future__ import annotations

import base64
import re
from datetime import datetime
from typing import Any, Final

from reverse_etl.sandbox.salesforce_store import ORGANIZATION, Objects, Org, SalesforceError

CURSOR: Final = "01g"
_QUERY: Final = re.compile(
    r"^\s*select\s+(?P<fields>.+?)\s+from\s+(?P<kind>\w+)"
    r"(?:\s+where\s+(?P<where>.+?))?(?:\s+order\s+by\s+(?P<order>\w+(?:\s*,\s*\w+)*))?"
    r"(?:\s+limit\s+(?P<limit>\d+))?\s*$",
    re.IGNORECASE | re.DOTALL,
)
_TEXT: Final = r"'(?:[^'\\]|\\.)*'"
_CONDITION: Final = re.compile(
    rf"\s*(?P<name>\w+)\s*(?:>=\s*(?P<least>[\d:TZ-]+)|=\s*(?P<one>{_TEXT}|[\w.+-]+)|in\s*\((?P<list>[^()]*?(?:{_TEXT}[^()]*?)*)\))"
    r"\s*(?:and\b|$)",
    re.IGNORECASE | re.DOTALL,
)
_LITERAL: Final = re.compile(rf"{_TEXT}|[\w.+-]+")


def query(
    org: Org, text: str, version: str, *, start: int = 0, size: int = 2000, deleted: bool = False
) -> dict[str, Any]:
    """The answer to a query: records from `start` on, at most `size`; with what is in the recycle
    bin if `deleted`. Raises SalesforceError."""
    found = _QUERY.match(text)
    if found and found["kind"] == "Organization":
        record = {"attributes": attributes("Organization", ORGANIZATION, version)}
        return {"totalSize": 1, "done": True, "records": [{**record, "Id": ORGANIZATION}]}
    if not found or found["kind"] not in org.objects:
        raise _malformed(text)
    objects = org.objects[found["kind"]]
    records = _select(objects, found["where"] or "", deleted=deleted)
    for name in reversed((found["order"] or "").replace(" ", "").split(",")):
        records.sort(key=lambda record: str(record.get(name)))
    if found["limit"]:
        records = records[: int(found["limit"])]
    if found["fields"].strip().lower() == "count()":
        return {"totalSize": len(records), "done": True, "records": []}
    names = [name.strip() for name in found["fields"].split(",")]
    objects.check_names(names)
    shown = [
        {"attributes": attributes(objects.kind, record["Id"], version)}
        | {name: record.get(name) for name in names}
        for record in records[start : start + size]
    ]
    answer: dict[str, Any] = {"totalSize": len(records), "records": shown}
    behind = start + size
    if behind >= len(records):
        return {**answer, "done": True}
    place = f"{CURSOR}{base64.urlsafe_b64encode(text.encode()).decode()}-{behind}"
    verb = "queryAll" if deleted else "query"
    return {**answer, "done": False, "nextRecordsUrl": f"/services/data/{version}/{verb}/{place}"}


def resumed(place: str) -> tuple[str, int]:
    """The query and the position that the address of a next page means. Raises SalesforceError."""
    text, _, start = place.removeprefix(CURSOR).rpartition("-")
    try:
        return base64.urlsafe_b64decode(text).decode(), int(start)
    except ValueError:
        raise SalesforceError("INVALID_QUERY_LOCATOR", "invalid query locator") from None


def attributes(kind: str, key: str, version: str) -> dict[str, str]:
    """What names a record in an answer."""
    return {"type": kind, "url": f"/services/data/{version}/sobjects/{kind}/{key}"}


def _select(objects: Objects, where: str, *, deleted: bool) -> list[dict[str, Any]]:
    records, position = [*objects.records.values()], 0
    records += objects.bin.values() if deleted else ()
    while position < len(where):
        found = _CONDITION.match(where, position)
        if not found:
            raise _malformed(where)
        position = found.end()
        if found["least"]:
            since = moment(found["least"])
            records = [each for each in records if moment(str(each.get(found["name"]))) >= since]
            continue
        literals = [_read(text) for text in _LITERAL.findall(found["one"] or found["list"])]
        name = found["name"]
        objects.check_names([name])
        wanted = {_fold(name, literal) for literal in literals}
        records = [record for record in records if _fold(name, record.get(name)) in wanted]
    return records


def moment(text: str) -> datetime:
    """A time as a query or a record spells it. Raises SalesforceError."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise _malformed(text) from None


def _read(literal: str) -> str | None:
    if literal.startswith("'"):
        return re.sub(r"\\(.)", r"\1", literal[1:-1])
    return None if literal.lower() == "null" else literal


def _fold(name: str, value: object) -> str | None:
    if value is None:
        return None
    return str(value)[:15] if name == "Id" else str(value).casefold()


def _malformed(text: str) -> SalesforceError:
    return SalesforceError("MALFORMED_QUERY", f"unexpected token in: {text[:80]}")
