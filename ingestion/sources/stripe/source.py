"""Stripe: the events that its webhooks carry, as it keeps them for thirty days, and customers.

An event read here is the webhook's own document under its own id, so that either stands for the
other. Customers change without saying when: a list by creation finds new ones, events tell of
changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator

from ingestion.errors import PullAnswerError
from ingestion.pulls.client import Answer, VendorApi
from ingestion.pulls.model import Found, Heard, Object, Page, PullSource, Stream, Window

_PAGE: Final = 100
_TYPES: Final = (
    "charge.refunded",
    "checkout.session.completed",
    "customer.created",
    "customer.subscription.created",
    "customer.subscription.deleted",
    "customer.subscription.updated",
    "customer.updated",
    "invoice.paid",
    "invoice.payment_failed",
)
"""The events that have contracts; Stripe takes at most twenty types."""


def stripe() -> PullSource:
    """An account."""
    streams = (
        Stream("event", _events, heard=_heard, as_told=True),
        Stream("customer", _customers, is_dated=False),
    )
    return PullSource("stripe", _accounts, streams)


def _accounts(api: VendorApi) -> list[str]:
    account = api.get("/v1/account").get("id")
    if not account:
        raise PullAnswerError("Stripe does not say which account this is.")
    return [str(account)]


def _events(api: VendorApi, _account: str, window: Window) -> Iterator[Page]:
    for answer in _list(api, "/v1/events", window, {"types[]": list(_TYPES)}):
        yield Page([_found(each) for each in answer.objects("data")])


def _customers(api: VendorApi, _account: str, window: Window) -> Iterator[Page]:
    for answer in _list(api, "/v1/customers", window, {}):
        yield Page([Found(str(each.get("id")), None, each) for each in answer.objects("data")])


def _list(api: VendorApi, path: str, window: Window, more: dict[str, Any]) -> Iterator[Answer]:
    """What was made since then, newest first."""
    since = {} if window.since is None else {"created[gte]": int(window.since.timestamp())}
    return api.pages(
        path,
        params={"limit": _PAGE, **since, **more},
        paginator=JSONResponseCursorPaginator(
            "data[-1].id", "starting_after", has_more_path="has_more"
        ),
    )


def _found(event: Object) -> Found:
    return Found(str(event.get("id")), _moment(event.get("created")), event)


def _heard(told: Object, received_at: datetime) -> Iterator[Heard]:
    if told.get("id"):
        yield Heard(str(told["id"]), _moment(told.get("created")) or received_at)


def _moment(seconds: object) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) else None
