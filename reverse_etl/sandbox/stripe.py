"""A simulated Stripe account: customers, and the events that follow from what is done to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qs

from reverse_etl.sandbox.answer import Answer, Request

_MOST: Final = 100


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
        kinds = {"/v1/customers": self._customers, "/v1/events": self._events}
        found = kinds.get(request.path.rstrip("/"))
        return self.failure(404) if found is None else _listed(request, found)

    def expired(self) -> Answer:
        """The answer to a key that is no good."""
        return _error(401, "Invalid API Key provided: sk_****")

    def failure(self, status: int) -> Answer:
        """The answer to a fault with this status."""
        return _error(status, "It failed by plan.")

    def _write(self, request: Request) -> Answer:
        given = {name: each[0] for name, each in parse_qs(request.body.decode()).items()}
        key = request.path.removeprefix("/v1/customers").strip("/")
        if not key:
            key = f"cus_{len(self._customers) + 1:08d}"
            made = {"id": key, "object": "customer", "created": int(request.at), **given}
            self._customers.append(made)
            self._tell("customer.created", made, request.at)
            return Answer(200, made)
        found = next((each for each in self._customers if each["id"] == key), None)
        if found is None:
            return _error(404, f"No such customer: '{key}'")
        found.update(given)
        self._tell("customer.updated", found, request.at)
        return Answer(200, found)

    def _tell(self, kind: str, subject: Mapping[str, Any], at: float) -> None:
        event = {"id": f"evt_{len(self._events) + 1:08d}", "object": "event", "type": kind}
        about = {"created": int(at), "livemode": False, "data": {"object": dict(subject)}}
        self._events.append({**event, **about})


def _listed(request: Request, found: Sequence[Mapping[str, Any]]) -> Answer:
    """Newest first, by pages."""
    since = int(request.query.get("created[gte]") or 0)
    types = request.query.get("types[]")
    chosen = [
        each
        for each in reversed(found)
        if each["created"] >= since and (types is None or each["type"] in types.split(","))
    ]
    behind = request.query.get("starting_after")
    ids = [each["id"] for each in chosen]
    if behind is not None and behind not in ids:
        return _error(400, f"No such object: '{behind}'")
    start = 0 if behind is None else ids.index(behind) + 1
    size = min(int(request.query.get("limit") or 10), _MOST)
    page = {"object": "list", "url": request.path, "data": chosen[start : start + size]}
    return Answer(200, {**page, "has_more": start + size < len(chosen)})


def _error(status: int, message: str) -> Answer:
    kind = "api_error" if status >= 500 else "invalid_request_error"
    return Answer(status, {"error": {"type": kind, "message": message}})
