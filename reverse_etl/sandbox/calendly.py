"""A simulated Calendly organization: meetings, their invitees, and cancelling."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from reverse_etl.sandbox.answer import Answer, Request
from reverse_etl.sandbox.hubspot_store import stamp

_HOST: Final = "https://api.calendly.com"
_ORGANIZATION: Final = f"{_HOST}/organizations/AAAAAAAAAAAAAAAA"
_USER: Final = f"{_HOST}/users/AAAAAAAAAAAAAAAA"
_MEETING: Final = re.compile(r"^/scheduled_events/(?P<key>[\w-]+)/(?P<what>invitees|cancellation)$")
_MOST: Final = 100


class Calendly:
    """One organization."""

    name = "calendly"

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._meetings: list[dict[str, Any]] = []

    def owns(self, path: str) -> bool:
        """Whether a path is this vendor's."""
        return path.startswith(("/users/me", "/scheduled_events"))

    def put(self, kind: str, objects: list[dict[str, Any]]) -> None:
        """Let these be the meetings (`scheduled_events`), each with its `invitees`: people book
        them in a browser."""
        if kind == "scheduled_events":
            self._meetings = objects

    def state(self) -> dict[str, list[dict[str, Any]]]:
        """Everything held."""
        return {"scheduled_events": self._meetings}

    def handle(self, request: Request) -> Answer:
        """Answer one request."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        if not token or token.startswith(("expired", "invalid")):
            return self.expired()
        if request.path == "/users/me":
            return Answer(200, {"resource": {"uri": _USER, "current_organization": _ORGANIZATION}})
        if request.path == "/scheduled_events":
            return self._list(request)
        found = _MEETING.match(request.path)
        meeting = found and next((m for m in self._meetings if _named(m, found["key"])), None)
        if not found or meeting is None:
            return self.failure(404)
        if found["what"] == "cancellation":
            return _cancel(meeting, request.at)
        return _page(request, meeting["invitees"])

    def expired(self) -> Answer:
        """The answer to a token that is no good."""
        return Answer(401, {"title": "Unauthenticated", "message": "The access token is invalid"})

    def failure(self, status: int) -> Answer:
        """The answer to a fault with this status."""
        return Answer(status, {"title": "It failed", "message": "It failed by plan."})

    def _list(self, request: Request) -> Answer:
        if request.query.get("organization") != _ORGANIZATION:
            return Answer(400, {"title": "Invalid Argument", "message": "organization is missing"})
        since = request.query.get("min_start_time", "")
        shown = [
            {name: value for name, value in meeting.items() if name != "invitees"}
            for meeting in self._meetings
            if meeting["start_time"] >= since
        ]
        return _page(request, shown)


def _page(request: Request, found: Sequence[Mapping[str, Any]]) -> Answer:
    size = min(int(request.query.get("count") or 20), _MOST)
    start = int(request.query.get("page_token") or 0)
    behind = str(start + size) if start + size < len(found) else None
    about = {"count": len(found[start : start + size]), "next_page_token": behind}
    return Answer(200, {"collection": list(found[start : start + size]), "pagination": about})


def _named(meeting: Mapping[str, Any], key: str) -> bool:
    return str(meeting["uri"]).rpartition("/")[2] == key


def _cancel(meeting: dict[str, Any], at: float) -> Answer:
    """POST …/cancellation: it is called off for everybody."""
    told = {"canceled_by": "Host", "canceler_type": "host", "created_at": stamp(at)}
    meeting.update(status="canceled", updated_at=stamp(at))
    for invitee in meeting["invitees"]:
        invitee.update(status="canceled", updated_at=stamp(at), cancellation=told)
    return Answer(201, {"resource": told})
