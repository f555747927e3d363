"""The sandbox's ASGI application: vendors, their faults, and the controls to look inside."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

import orjson
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from reverse_etl.errors import FaultPlanError
from reverse_etl.sandbox.answer import Answer, Request
from reverse_etl.sandbox.calendly import Calendly
from reverse_etl.sandbox.enrichment import Apollo, PeopleDataLabs
from reverse_etl.sandbox.faults import FaultPlan, Rule, parse_plan
from reverse_etl.sandbox.ga4 import Ga4
from reverse_etl.sandbox.hubspot import HubSpot
from reverse_etl.sandbox.meta import Meta
from reverse_etl.sandbox.salesforce import Salesforce
from reverse_etl.sandbox.slack import Slack
from reverse_etl.sandbox.stripe import Stripe
from reverse_etl.sandbox.teams import Teams
from reverse_etl.sandbox.webhook import Webhook


class Vendor(Protocol):
    """One simulated vendor. A request belongs to the first vendor that owns its path."""

    name: str

    def reset(self) -> None:
        """Forget everything."""

    def owns(self, path: str) -> bool:
        """Whether a path is this vendor's."""

    def state(self) -> dict[str, list[dict[str, Any]]]:
        """Everything held, by object type."""

    def handle(self, request: Request) -> Answer:
        """Answer one request."""

    def expired(self) -> Answer:
        """The answer to an expired token."""

    def failure(self, status: int) -> Answer:
        """The answer to a fault with this status."""


@runtime_checkable
class Furnished(Protocol):
    """A vendor that can be given what is made in its user interface only."""

    def put(self, kind: str, objects: list[dict[str, Any]]) -> None:
        """Let these be its objects of a kind."""


def create_app(
    seed: int = 1,
    *,
    hubspot_limit: int | None = 190,
    search_lag: float = 5.0,
    token_seconds: float = 1800,
    salesforce: Salesforce | None = None,
    meta: Meta | None = None,
    enrichment_credits: int | None = None,
    clock: Callable[[], float] = time.time,
) -> Starlette:
    """A sandbox with empty vendors.

    `seed`: for faults with a probability, unless a plan brings its own. `hubspot_limit`: requests
    per 10 seconds, None for none. `search_lag`, `token_seconds`: until search finds what was
    written, until an OAuth token expires. `salesforce`, `meta`: with limits of their own.
    `enrichment_credits`: what each account for enrichment has, None for no end. `clock`: seconds
    since 1970.
    """
    vendors: list[Vendor] = [
        HubSpot(limit=hubspot_limit, lag=search_lag, token_seconds=token_seconds),
        meta or Meta(),
        salesforce or Salesforce(),
        Slack(),
        Teams(),
        Webhook(),
        Ga4(),
        Apollo(credits_left=enrichment_credits),
        PeopleDataLabs(credits_left=enrichment_credits),
        Stripe(),
        Calendly(),
    ]
    sandbox = Sandbox(seed, vendors, clock)
    app = Starlette(
        routes=[
            Route("/_state/{vendor}", sandbox.show_state, methods=["GET"]),
            Route("/_objects/{vendor}/{kind}", sandbox.put_objects, methods=["POST"]),
            Route("/_faults", sandbox.take_faults, methods=["POST"]),
            Route("/_reset", sandbox.reset, methods=["POST"]),
            Route("/{path:path}", sandbox),
        ]
    )
    app.state.sandbox = sandbox
    return app


class Sandbox:
    """Simulated vendors behind one ASGI endpoint."""

    def __init__(self, seed: int, vendors: Sequence[Vendor], clock: Callable[[], float]) -> None:
        self._seed, self._vendors, self._clock = seed, vendors, clock
        self._clear()

    def _clear(self) -> None:
        self._plan = FaultPlan(self._seed)
        self._requests: dict[str, list[dict[str, Any]]] = {v.name: [] for v in self._vendors}
        for vendor in self._vendors:
            vendor.reset()

    def vendor(self, name: str) -> Vendor | None:
        """The vendor of this name."""
        return next((vendor for vendor in self._vendors if vendor.name == name), None)

    async def show_state(self, request: HttpRequest) -> Response:
        """GET /_state/<vendor>"""
        name = request.path_params["vendor"]
        vendor = self.vendor(name)
        if vendor is None:
            return _json(404, {"code": "VENDOR_UNKNOWN", "message": "No such vendor."})
        return _json(200, {"objects": vendor.state(), "requests": self._requests[name]})

    async def put_objects(self, request: HttpRequest) -> Response:
        """POST /_objects/<vendor>/<kind>: what people make at a vendor, and no API does."""
        vendor = self.vendor(request.path_params["vendor"])
        if not isinstance(vendor, Furnished):
            return _json(404, {"code": "VENDOR_UNKNOWN", "message": "No such vendor."})
        vendor.put(request.path_params["kind"], orjson.loads(await request.body()))
        return _json(200, {"put": True})

    async def take_faults(self, request: HttpRequest) -> Response:
        """POST /_faults"""
        try:
            self._plan = parse_plan(orjson.loads(await request.body()), self._requests)
        except orjson.JSONDecodeError:
            return _refusal(FaultPlanError("The fault plan is not JSON."))
        except FaultPlanError as error:
            return _refusal(error)
        return _json(200, {"rules": len(self._plan.rules)})

    async def reset(self, _request: HttpRequest) -> Response:
        """POST /_reset"""
        self._clear()
        return _json(200, {"reset": True})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A vendor's endpoint."""
        request = HttpRequest(scope, receive)
        path = request.url.path
        vendor = next((vendor for vendor in self._vendors if vendor.owns(path)), None)
        if vendor is None:
            await _json(404, {"code": "NOT_FOUND", "message": "No vendor has this path."})(
                scope, receive, send
            )
            return
        body = await request.body()
        at = self._clock()
        entry: dict[str, Any] = {"method": request.method, "path": path, "status": None}
        entry |= {"at": at, "answered_at": None, "size": len(body)}
        self._requests[vendor.name].append(entry)
        rule = self._plan.choose(vendor.name, path)
        answer = await self._answer(vendor, request, body, rule, at)
        if answer is not None:
            entry |= {"status": answer.status, "answered_at": self._clock()}
        else:
            await _hang_up(receive)
            return
        await _response(answer, malformed=bool(rule and rule.fault == "malformed"))(
            scope, receive, send
        )

    async def _answer(
        self, vendor: Vendor, http: HttpRequest, body: bytes, rule: Rule | None, at: float
    ) -> Answer | None:
        """The vendor's answer, or None when the connection is to be dropped."""
        fault = rule.fault if rule else ""
        if rule and rule.status:
            answer = vendor.failure(rule.status)
            wait = {} if rule.retry_after is None else {"retry-after": f"{rule.retry_after:g}"}
            return Answer(answer.status, answer.body, wait)
        if fault == "expired_token":
            return vendor.expired()
        if fault == "drop_before":
            return None
        each = http.query_params
        answer = vendor.handle(
            Request(
                method=http.method,
                path=http.url.path,
                query={name: ",".join(each.getlist(name)) for name in each},
                headers=http.headers,
                body=body,
                at=at,
                spoil_item=fault == "item_failure",
            )
        )
        if rule and fault == "slow":  # the vendor has acted; its answer comes late
            await asyncio.sleep(rule.ms / 1000)
        return None if fault == "drop_after" else answer


async def _hang_up(receive: Receive) -> None:
    """Close the connection without a byte of answer.

    ASGI has no word for this. uvicorn's `receive` is a method of the request's cycle, which knows
    the transport; other servers make an empty answer or an error of it.
    """
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionAbortedError("This server gives no way to drop a connection.")
    transport.abort()
    await receive()  # comes back when the server has noticed, so that it does not answer itself


def _response(answer: Answer, *, malformed: bool) -> Response:
    if malformed:
        return Response(b'{"results": [{"id": ', 200, media_type="application/json")
    if isinstance(answer.body, bytes):  # no JSON, and the headers say what
        return Response(answer.body, answer.status, dict(answer.headers))
    body = b"" if answer.body is None else orjson.dumps(answer.body)
    return Response(body, answer.status, dict(answer.headers), "application/json")


def _refusal(error: FaultPlanError) -> Response:
    return _json(400, {"code": error.code, "message": str(error), "remedy": error.remedy})


def _json(status: int, body: object) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")
