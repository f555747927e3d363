"""A simulated HubSpot CRM: objects, properties, limits and errors as its documents describe."""

from __future__ import annotations

import re
from collections import deque
from typing import Any, Final

from reverse_etl.sandbox.answer import Answer, RefusedError, Request
from reverse_etl.sandbox.hubspot_associations import TYPE_IDS, associate
from reverse_etl.sandbox.hubspot_batch import batch, create
from reverse_etl.sandbox.hubspot_merges import merge
from reverse_etl.sandbox.hubspot_owners import owners
from reverse_etl.sandbox.hubspot_search import search
from reverse_etl.sandbox.hubspot_store import FIRST_ID, HubSpotError, Objects
from reverse_etl.sandbox.hubspot_wire import body, limited, mapping, problem, shown
from reverse_etl.sandbox.oauth import TokenServer

_KINDS: Final = tuple(TYPE_IDS)
_NAMES: Final = {
    **{kind: kind for kind in _KINDS},
    **{number: kind for kind, number in TYPE_IDS.items()},
    "contact": "contacts",
    "company": "companies",
    "deal": "deals",
    "task": "tasks",
    "note": "notes",
}
_VERSION: Final = r"v3|\d{4}-\d{2}"
_OBJECTS: Final = re.compile(
    rf"^/crm/(?:objects/(?P<dated>{_VERSION})|(?P<v>v3)/objects)/(?P<kind>[\w-]+)(?:/(?P<rest>.+))?$"
)
_PROPERTIES: Final = re.compile(
    rf"^/crm/(?:properties/(?:{_VERSION})|v3/properties)/(?P<kind>[\w-]+)(?:/(?P<rest>.+))?$"
)
_ASSOCIATIONS: Final = re.compile(
    r"^/crm/(?:v4/associations|associations/\d{4}-\d{2})/(?P<kind>[\w-]+)/(?P<other>[\w-]+)"
    r"/batch/(?P<verb>\w+)$"
)
PORTAL: Final = 62515
_WINDOW: Final = 10.0
_PAGE: Final = 100


class HubSpot:
    """One portal. `limit`: requests per 10 seconds, None for none; `lag`: seconds until search
    finds what was written; `token_seconds`: life of an OAuth token."""

    name = "hubspot"

    def __init__(
        self, *, limit: int | None = 190, lag: float = 5.0, token_seconds: float = 1800
    ) -> None:
        self.limit, self.lag = limit, lag
        self.tokens = TokenServer(token_seconds)
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        ids = [FIRST_ID - 1]
        self._objects = {kind: Objects(kind, ids) for kind in _KINDS}
        self._recent: deque[float] = deque()
        self.tokens.reset()

    def put(self, kind: str, objects: list[dict[str, Any]]) -> None:
        """Let these be there too, as people make them by hand: each with its `id`, `properties`,
        and `created` (seconds since 1970)."""
        for each in objects:
            self._objects[kind].place(str(each["id"]), each["properties"], each["created"])

    def owns(self, path: str) -> bool:
        """Whether a path is this vendor's."""
        return path.startswith(("/crm/", "/oauth/", "/account-info/"))

    def state(self) -> dict[str, list[dict[str, Any]]]:
        """Everything held, by object type, when it was written, and which contacts were merged."""
        held = {
            kind: [
                {
                    **shown(record),
                    "associations": record.associations,
                    "writes": record.writes,
                }
                for record in objects.records.values()
            ]
            for kind, objects in self._objects.items()
        }
        return {**held, "merges": self._objects["contacts"].merges}

    def handle(self, request: Request) -> Answer:
        """Answer one request."""
        if request.path.startswith("/oauth/"):
            return self.tokens.answer(request)
        try:
            self._authorise(request)
            self._limit(request.at)
            return self._route(request)
        except HubSpotError as refusal:
            return problem(refusal)
        except RefusedError as refused:
            return refused.answer

    def expired(self) -> Answer:
        """The answer to an expired token."""
        text = "The OAuth token used to make this call expired."
        return problem(HubSpotError(401, "EXPIRED_AUTHENTICATION", text))

    def failure(self, status: int) -> Answer:
        """The answer to a fault with this status."""
        if status == 429:
            return limited()
        text = "internal error" if status >= 500 else "Invalid input JSON"
        return problem(
            HubSpotError(status, "INTERNAL_ERROR" if status >= 500 else "VALIDATION_ERROR", text)
        )

    def _authorise(self, request: Request) -> None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        ours = token.startswith("access-")
        if ours and not self.tokens.is_good(token, request.at):
            raise RefusedError(self.expired())
        if not token or token.startswith(("expired", "invalid")):
            text = "Authentication credentials not found. This API supports OAuth 2.0."
            raise HubSpotError(401, "INVALID_AUTHENTICATION", text)

    def _limit(self, at: float) -> None:
        while self._recent and self._recent[0] <= at - _WINDOW:
            self._recent.popleft()
        if self.limit is not None and len(self._recent) >= self.limit:
            raise RefusedError(limited())
        self._recent.append(at)

    def _route(self, request: Request) -> Answer:
        if request.path == "/account-info/v3/details":
            return Answer(200, {"portalId": PORTAL, "timeZone": "UTC", "companyCurrency": "EUR"})
        if request.path.rstrip("/") == "/crm/v3/owners":
            return owners(request)
        if found := _PROPERTIES.match(request.path):
            return self._property(request, self._kind(found["kind"]), found["rest"])
        if found := _ASSOCIATIONS.match(request.path):
            kinds = self._kind(found["kind"]), self._kind(found["other"])
            return associate(request, *kinds, found["verb"])
        found = _OBJECTS.match(request.path)
        if not found:
            raise HubSpotError(404, "NOT_FOUND", "No such endpoint.")
        objects, rest = self._kind(found["kind"]), found["rest"] or ""
        if rest.startswith("batch/"):
            return batch(request, objects, rest[6:], partial=not found["dated"])
        if rest == "search":
            return search(request, objects, self.lag)
        if rest == "merge":
            return Answer(200, shown(merge(request, objects, self._objects.values())))
        return self._single(request, objects, rest)

    def _kind(self, name: str) -> Objects:
        if name not in _NAMES:
            raise HubSpotError(400, "VALIDATION_ERROR", f"Unable to infer object type from: {name}")
        return self._objects[_NAMES[name]]

    def _property(self, request: Request, objects: Objects, rest: str | None) -> Answer:
        if request.method == "POST" and not rest:
            return Answer(201, objects.define(body(request)))
        if rest and rest not in objects.properties:
            raise HubSpotError(404, "OBJECT_NOT_FOUND", f"Property {rest} does not exist.")
        if rest:
            return Answer(200, objects.properties[rest])
        return Answer(200, {"results": list(objects.properties.values())})

    def _single(self, request: Request, objects: Objects, rest: str) -> Answer:
        if request.method == "POST" and not rest:
            return Answer(201, shown(create(objects, body(request), request.at)))
        if not rest:
            return self._page(request, objects)
        record = objects.find(rest, request.query.get("idProperty"))
        if record is None:
            raise HubSpotError(404, "OBJECT_NOT_FOUND", f"Object not found. objectId: {rest}")
        if request.method == "PATCH":
            objects.update(record, mapping(body(request), "properties"), request.at)
        elif request.method == "DELETE":
            objects.archive(record, request.at)
            return Answer(204, None)
        return Answer(200, shown(record))

    def _page(self, request: Request, objects: Objects) -> Answer:
        size = min(int(request.query.get("limit") or 10), _PAGE)
        after = int(request.query.get("after") or 0)
        asked = request.query.get("properties")
        held = (
            objects.bin if request.query.get("archived", "").lower() == "true" else objects.records
        )
        found = [held[key] for key in sorted(held, key=int) if int(key) > after][: size + 1]
        names = asked.split(",") if asked else None
        answer: dict[str, Any] = {"results": [shown(record, names) for record in found[:size]]}
        if len(found) > size:
            answer["paging"] = {"next": {"after": found[size - 1].id}}
        return Answer(200, answer)
