"""A simulated Meta: a Conversions API that keeps every event it takes, repeats too; what campaigns
cost; lead forms; tokens."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs

import orjson

from reverse_etl.sandbox.answer import Answer, RefusedError, Request
from reverse_etl.sandbox.hubspot_store import stamp
from reverse_etl.sandbox.meta_insights import PATH as INSIGHTS
from reverse_etl.sandbox.meta_insights import insights
from reverse_etl.sandbox.meta_leads import PATH as LEADS
from reverse_etl.sandbox.meta_leads import leads, submit
from reverse_etl.sandbox.meta_wire import TRACE, error

_EVENTS: Final = re.compile(r"^/v\d+\.\d+/(?P<dataset>\d+)/events$")
_KINDS: Final = ("insights", "forms", "leads", "tokens")
_DAY: Final = 86_400
_MOST: Final = 1000
_LEAD_ID: Final = re.compile(r"^\d{15,17}$")
_HASHED: Final = ("em", "ph", "fn", "ln")
_SHA256: Final = re.compile(r"^[0-9a-f]{64}$")


class Meta:
    """Any number of datasets, ad accounts and pages. `insights_page`, `leads_page`: the most rows
    of a page of a list."""

    name = "meta"

    def __init__(self, *, insights_page: int = 500, leads_page: int = 100) -> None:
        self.insights_page, self.leads_page = insights_page, leads_page
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._events: list[dict[str, Any]] = []
        self._held: dict[str, list[dict[str, Any]]] = {name: [] for name in _KINDS}

    def put(self, kind: str, objects: list[dict[str, Any]]) -> None:
        """Let these be what no API makes: what campaigns cost (`insights`), forms of pages
        (`forms`, which name their `page`), what people said in them (`leads`, which name their
        `form_id`), and until when the token is good (`tokens`: one, with `expires_at`)."""
        if kind in _KINDS:
            self._held[kind] = objects

    def owns(self, path: str) -> bool:
        """Whether a path is this vendor's."""
        return bool(re.match(r"^/v\d+\.\d+/", path))

    def state(self) -> dict[str, list[dict[str, Any]]]:
        """Every event received, in order; a repeat is a second entry. Then what was put here."""
        return {"events": self._events, **self._held}

    def handle(self, request: Request) -> Answer:
        """Answer one request."""
        try:
            return self._take(request)
        except RefusedError as refused:
            return refused.answer

    def expired(self) -> Answer:
        """The answer to an expired token."""
        return error(190, "Error validating access token: Session has expired.", 463)

    def failure(self, status: int) -> Answer:
        """The answer to a fault with this status."""
        if status == 429:
            return Answer(429, error(4, "Application request limit reached", 0).body)
        if status >= 500:
            return Answer(status, error(2, "Service temporarily unavailable", 0).body)
        return Answer(status, error(100, "Invalid parameter", 0).body)

    def _take(self, request: Request) -> Answer:
        if request.method == "GET":
            return self._read(request, _authorise(request, request.query))
        body = _parameters(request)
        _authorise(request, body)
        if request.path.endswith("/test_leads"):
            return submit(request, body, self._held["forms"], self._held["leads"])
        found = _EVENTS.match(request.path)
        if not found or request.method != "POST":
            raise RefusedError(error(100, "Unsupported post request.", 33))
        events = _data(body)
        if request.spoil_item:
            raise _invalid("Invalid parameter", "The event at index 0 is not valid", 2804050)
        for number, event in enumerate(events):
            _check(number, event, request.at)
        at = stamp(request.at)
        self._events += [
            {**event, "dataset": found["dataset"], "received_at": at} for event in events
        ]
        answer = {"events_received": len(events), "messages": [], "fbtrace_id": TRACE}
        return Answer(200, answer)

    def _read(self, request: Request, token: str) -> Answer:
        if request.path.endswith("/debug_token"):
            return _debugged(request, self._held["tokens"])
        if INSIGHTS.match(request.path):
            return insights(request, self._held["insights"], self.insights_page)
        if not LEADS.match(request.path):
            raise RefusedError(error(100, "Unsupported get request.", 33))
        return leads(request, token, self._held["forms"], self._held["leads"], self.leads_page)


def _debugged(request: Request, tokens: list[dict[str, Any]]) -> Answer:
    """GET …/debug_token: what there is to know of the `input_token`; 0 never expires."""
    asked = request.query.get("input_token", "")
    expires_at = int(tokens[0]["expires_at"]) if tokens else 0
    is_valid = _is_good(asked) and not 0 < expires_at <= request.at
    told = {"app_id": "1", "type": "SYSTEM_USER", "is_valid": is_valid, "expires_at": expires_at}
    return Answer(200, {"data": told})


def _parameters(request: Request) -> dict[str, Any]:
    if "json" in request.headers.get("content-type", ""):
        try:
            body = orjson.loads(request.body)
        except orjson.JSONDecodeError:
            body = None
        if not isinstance(body, dict):
            raise _invalid("(#100) The request body is not valid JSON", "", 0)
        return {**request.query, **body}
    fields = parse_qs(request.body.decode("utf-8", "replace"))
    return {**request.query, **{name: values[0] for name, values in fields.items()}}


def _is_good(token: str) -> bool:
    return bool(token) and not token.startswith(("expired", "invalid"))


def _authorise(request: Request, body: Mapping[str, Any]) -> str:
    """The token of a request. Raises RefusedError."""
    header = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    token = str(body.get("access_token") or header)
    if not _is_good(token):
        raise RefusedError(error(190, "Invalid OAuth access token.", 0))
    return token


def _data(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Events as a list, as JSON text of one, or with each event as JSON text."""
    data = _loads(body.get("data"))
    events = [_loads(event) for event in data] if isinstance(data, list) else []
    if not events or not all(isinstance(event, dict) for event in events):
        raise _invalid("(#100) Missing required parameter: data", "", 2804008)
    if len(events) > _MOST:
        raise _invalid("(#100) Too many events in one request", "", 2804004)
    return events


def _loads(value: object) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return None


def _check(number: int, event: Mapping[str, Any], at: float) -> None:
    user, seconds = event.get("user_data"), event.get("event_time")
    if not event.get("event_name"):
        raise _invalid("Invalid parameter", f"data[{number}]: event_name is missing", 2804050)
    if not isinstance(seconds, int):
        raise _invalid("Invalid parameter", f"data[{number}]: event_time is missing", 2804050)
    days = 62 if event.get("action_source") == "physical_store" else 7
    if seconds < at - days * _DAY:
        text = f"data[{number}]: the event_time is more than {days} days in the past"
        raise _invalid("Invalid parameter", text, 2804003)
    if seconds > at + 60:
        raise _invalid("Invalid parameter", f"data[{number}]: event_time in future", 2804004)
    if not isinstance(user, dict) or not any(user.values()):
        raise _invalid("Invalid parameter", f"data[{number}]: not enough user data", 2804050)
    _check_user(number, user)
    _check_website(number, event, user)
    _check_processing(number, event)


def _check_website(number: int, event: Mapping[str, Any], user: Mapping[str, Any]) -> None:
    if event.get("action_source") != "website":
        return
    for name, given in (
        ("event_source_url", event.get("event_source_url")),
        ("client_user_agent", user.get("client_user_agent")),
    ):
        if not given:
            raise _invalid("Invalid parameter", f"data[{number}]: {name} is missing", 2804050)


def _check_processing(number: int, event: Mapping[str, Any]) -> None:
    options = event.get("data_processing_options") or []
    country = event.get("data_processing_options_country", 0)
    state = event.get("data_processing_options_state", 0)
    places = country in (0, 1) and (state == 0 or (isinstance(state, int) and state >= 1000))
    if options not in ([], ["LDU"]) or not places:
        text = f"data[{number}]: data_processing_options are not valid"
        raise _invalid("Invalid parameter", text, 2804050)


def _check_user(number: int, user: Mapping[str, Any]) -> None:
    if user.get("lead_id") and not _LEAD_ID.match(str(user["lead_id"])):
        raise _invalid("Invalid parameter", f"data[{number}]: lead_id is not valid", 2804050)
    for name in _HASHED:
        values = user.get(name) or []
        for value in values if isinstance(values, list) else [values]:
            if not _SHA256.match(str(value)):
                text = f"data[{number}]: {name} is not hashed"
                raise _invalid("Invalid parameter", text, 2804050)


def _invalid(message: str, detail: str, subcode: int) -> RefusedError:
    return RefusedError(error(100, message, subcode, detail))
