"""A simulated Stripe account: customers, and the events that follow from what is done to them."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl

from reverse_etl.sandbox.answer import Answer, Request

_MOST: Final = 100
_TYPES: Final = re.compile(r"^types\[\d*\]$")
_COMPARISONS: Final[Mapping[str, Callable[[int, int], bool]]] = {
    "created[gt]": operator.gt,
    "created[gte]": operator.ge,
    "created[lt]": operator.lt,
    "created[lte]": operator.le,
}


class Stripe:
    """One account."""

    name = "stripe"

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._customers: list[dict[str, Any]] = []
        self._events: list[dict[str, Any]] = []

    def put(self, kind: str, objects: list[dict[str, Any]]) -> None:
        """Let these be the `customers`, whatever fields they have: a vendor changes its API."""
        if kind == "customers":
            self._customers = objects

    def owns(self, path: str) -> bool:
        """Whether a path is this vendor's."""
        return path.startswith(("/v1/customers", "/v1/events", "/v1/account"))

    def state(self) -> dict[str, list[dict[str, Any]]]:
        """Everything held, in order."""
        return {"customers": self._customers, "events": self._events}

    def handle(self, request: Request) -> Answer:
        """Answer one request."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        if not token or token.startswith(("expired", "invalid")):
            return self.expired()
        if request.path == "/v1/account":
            return Answer(200, {"id": "acct_1Sandbox", "object": "account"})
        if request.method == "POST":
            return self._write(request)
        kinds = {"customers": self._customers, "events": self._events}
        kind, _, key = request.path.removeprefix("/v1/").strip("/").partition("/")
        if kind not in kinds:
            return self.failure(404)
        return _single(kinds[kind], key) if key else _listed(request, kinds[kind])

    def expired(self) -> Answer:
        """The answer to a key that is no good."""
        return _error(401, "Invalid API Key provided: sk_****")

    def failure(self, status: int) -> Answer:
        """The answer to a fault with this status."""
        return _error(status, "It failed by plan.", "rate_limit" if status == 429 else None)

    def _write(self, request: Request) -> Answer:
        given = _nested(request.body.decode())
        key = request.path.removeprefix("/v1/customers").strip("/")
        if not key:
            key = f"cus_{len(self._customers) + 1:08d}"
            usual = {"object": "customer", "created": int(request.at), "livemode": False}
            made = {"id": key, **usual, "metadata": {}, **given}
            self._customers.append(made)
            self._tell("customer.created", made, request.at)
            return Answer(200, made)
        found = next((each for each in self._customers if each["id"] == key), None)
        if found is None:
            return _missing(key, "id")
        found.update(given)
        self._tell("customer.updated", found, request.at)
        return Answer(200, found)

    def _tell(self, kind: str, subject: Mapping[str, Any], at: float) -> None:
        event = {"id": f"evt_{len(self._events) + 1:08d}", "object": "event", "type": kind}
        about = {"created": int(at), "livemode": False, "data": {"object": dict(subject)}}
        self._events.append({**event, **about})


def _nested(form: str) -> dict[str, Any]:
    """Fields of a form; `metadata[tier]=gold` is an object in an object."""
    given: dict[str, Any] = {}
    for name, value in parse_qsl(form, keep_blank_values=True):
        outer, _, inner = name.partition("[")
        if inner:
            given.setdefault(outer, {})[inner.rstrip("]")] = value
        else:
            given[outer] = value
    return given


def _single(found: Sequence[Mapping[str, Any]], key: str) -> Answer:
    one = next((each for each in found if each["id"] == key), None)
    return _missing(key, "id") if one is None else Answer(200, one)


def _listed(request: Request, found: Sequence[Mapping[str, Any]]) -> Answer:
    """Newest first, by pages."""
    chosen = [each for each in reversed(found) if _is_wanted(each, request.query)]
    behind = request.query.get("starting_after")
    ids = [each["id"] for each in chosen]
    if behind is not None and behind not in ids:
        return _missing(behind, "starting_after")
    start = 0 if behind is None else ids.index(behind) + 1
    size = int(request.query.get("limit") or 10)
    if not 1 <= size <= _MOST:
        return _error(400, "Invalid integer: limit", "parameter_invalid_integer", "limit")
    page = {"object": "list", "url": request.path, "data": chosen[start : start + size]}
    return Answer(200, {**page, "has_more": start + size < len(chosen)})


def _is_wanted(each: Mapping[str, Any], query: Mapping[str, str]) -> bool:
    types = [one for name in query if _TYPES.match(name) for one in query[name].split(",")]
    if types and each["type"] not in types:
        return False
    return all(
        compare(each["created"], int(query[name]))
        for name, compare in _COMPARISONS.items()
        if name in query
    )


def _missing(key: str, param: str) -> Answer:
    status = 404 if param == "id" else 400
    return _error(status, f"No such object: '{key}'", "resource_missing", param)


def _error(status: int, message: str, code: str | None = None, param: str | None = None) -> Answer:
    kind = "api_error" if status >= 500 else "invalid_request_error"
    more = {name: value for name, value in (("code", code), ("param", param)) if value}
    return Answer(status, {"error": {"type": kind, "message": message, **more}})
