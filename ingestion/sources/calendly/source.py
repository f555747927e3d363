"""Calendly's meetings and who comes to them, in the words of its webhooks.

Meetings can be listed by when they start, not by when they changed: those from a week back on are
listed each time, and the invitees of those that changed, that begin about now (no-shows), or that
several people book.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator

from ingestion.errors import PullAnswerError
from ingestion.pulls.client import Answer, VendorApi
from ingestion.pulls.model import Found, Heard, Object, Page, PullSource, Stream, Window
from ingestion.sources.moments import moment

_PAGE: Final = 100
_FIRST: Final = timedelta(days=30)
_BACK: Final = timedelta(days=7)
_AROUND: Final = timedelta(days=1)


def calendly() -> PullSource:
    """An organization."""
    stream = Stream("invitee", _invitees, heard=_heard, as_told=True)
    return PullSource("calendly", _organizations, (stream,))


def _organizations(api: VendorApi) -> list[str]:
    resource = api.get("/users/me").get("resource")
    organization = resource.get("current_organization") if isinstance(resource, dict) else None
    if not organization:
        raise PullAnswerError("Calendly does not say which organization this is.")
    return [str(organization)]


def _invitees(api: VendorApi, organization: str, window: Window) -> Iterator[Page]:
    since = window.since
    starting = window.until - _FIRST if since is None else since - _BACK
    params = {"organization": organization, "min_start_time": _written(starting)}
    for answer in _pages(api, "/scheduled_events", params):
        for meeting in answer.objects("collection"):
            if since is None or _may_have_changed(meeting, since, window.until):
                yield from _of(api, meeting, since)


def _of(api: VendorApi, meeting: Object, since: datetime | None) -> Iterator[Page]:
    """What happened to a meeting's invitees since then."""
    path = f"{urlsplit(str(meeting.get('uri'))).path}/invitees"
    for answer in _pages(api, path, {}):
        facts = [fact for each in answer.objects("collection") for fact in _facts(meeting, each)]
        yield Page([each for each in facts if since is None or _is_since(each, since)])


def _pages(api: VendorApi, path: str, params: dict[str, str]) -> Iterator[Answer]:
    paginator = JSONResponseCursorPaginator("pagination.next_page_token", "page_token")
    return api.pages(path, params={"count": _PAGE, **params}, paginator=paginator)


def _may_have_changed(meeting: Object, since: datetime, now: datetime) -> bool:
    updated, starts = moment(meeting.get("updated_at")), moment(meeting.get("start_time"))
    counter = meeting.get("invitees_counter")
    is_group = isinstance(counter, dict) and counter.get("limit", 1) != 1
    begins = starts is not None and since - _AROUND <= starts <= now
    return updated is None or updated >= since or begins or is_group


def _facts(meeting: Object, invitee: Object) -> Iterator[Found]:
    """An invitee came to be, and perhaps cancelled or did not come."""
    yield _fact("invitee.created", invitee.get("created_at"), meeting, invitee)
    if invitee.get("status") == "canceled":
        called_off = invitee.get("cancellation")
        at = called_off.get("created_at") if isinstance(called_off, dict) else None
        yield _fact("invitee.canceled", at or invitee.get("updated_at"), meeting, invitee)
    missed = invitee.get("no_show")
    if isinstance(missed, dict):
        yield _fact("invitee_no_show.created", missed.get("created_at"), meeting, invitee)


def _fact(event: str, at: object, meeting: Object, invitee: Object) -> Found:
    payload = {**invitee, "event": meeting.get("uri"), "scheduled_event": meeting}
    told = {"event": event, "created_at": at, "created_by": None, "payload": payload}
    return Found(_key(event, invitee), moment(at), told)


def _heard(told: Object, received_at: datetime) -> Iterator[Heard]:
    payload = told.get("payload")
    if isinstance(payload, dict) and payload.get("uri"):
        at = moment(told.get("created_at")) or received_at
        yield Heard(_key(str(told.get("event")), payload), at)


def _key(event: str, invitee: Object) -> str:
    return f"{event} {invitee.get('uri')}"


def _is_since(found: Found, since: datetime) -> bool:
    return found.changed_at is None or found.changed_at >= since


def _written(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
