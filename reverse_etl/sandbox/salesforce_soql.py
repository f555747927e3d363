"""A small part of SOQL: fields of one object, conditions with = and IN, and a limit."""

from __future__ import annotations

import re
from typing import Any, Final

from reverse_etl.sandbox.salesforce_store import Objects, Org, SalesforceError

_QUERY: Final = re.compile(
    r"^\s*select\s+(?P<fields>.+?)\s+from\s+(?P<kind>\w+)"
    r"(?:\s+where\s+(?P<where>.+?))?(?:\s+order\s+by\s+\w+)?(?:\s+limit\s+(?P<limit>\d+))?\s*$",
    re.IGNORECASE | re.DOTALL,
)
_TEXT: Final = r"'(?:[^'\\]|\\.)*'"
_CONDITION: Final = re.compile(
    rf"\s*(?P<name>\w+)\s*(?:=\s*(?P<one>{_TEXT}|[\w.+-]+)|in\s*\((?P<list>[^()]*?(?:{_TEXT}[^()]*?)*)\))"
    r"\s*(?:and\b|$)",
    re.IGNORECASE | re.DOTALL,
)
_LITERAL: Final = re.compile(rf"{_TEXT}|[\w.+-]+")


def query(org: Org, text: str, version: str) -> dict[str, Any]:
    """The answer to a query. Raises SalesforceError."""
    found = _QUERY.match(text)
    if not found or found["kind"] not in org.objects:
        raise _malformed(text)
    objects = org.objects[found["kind"]]
    records = _select(objects, found["where"] or "")
    if found["limit"]:
        records = records[: int(found["limit"])]
    if found["fields"].strip().lower() == "count()":
        return {"totalSize": len(records), "done": True, "records": []}
    names = [name.strip() for name in found["fields"].split(",")]
    objects.check_names(names)
    shown = [
        {"attributes": attributes(objects.kind, record["Id"], version)}
        | {name: record.get(name) for name in names}
        for record in records
    ]
    return {"totalSize": len(shown), "done": True, "records": shown}


def attributes(kind: str, key: str, version: str) -> dict[str, str]:
    """What names a record in an answer."""
    return {"type": kind, "url": f"/services/data/{version}/sobjects/{kind}/{key}"}


def _select(objects: Objects, where: str) -> list[dict[str, Any]]:
    records, position = list(objects.records.values()), 0
    while position < len(where):
        found = _CONDITION.match(where, position)
        if not found:
            raise _malformed(where)
        position = found.end()
        literals = [_read(text) for text in _LITERAL.findall(found["one"] or found["list"])]
        name = found["name"]
        objects.check_names([name])
        wanted = {_fold(name, literal) for literal in literals}
        records = [record for record in records if _fold(name, record.get(name)) in wanted]
    return records


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
