"""Meta's ad insights: what each campaign cost on each day. Figures change for weeks, so that the
last four are read each time; what did not change is stored once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Final, Literal

import orjson
from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator
from requests import Response

from ingestion.pulls.client import VendorApi
from ingestion.pulls.model import Days, Found, Object, Page, PullSource, Stream, Window

_PAGE: Final = 500
_CHANGING: Final = timedelta(days=28)
_FIRST: Final = timedelta(days=90)
_FIELDS: Final = (
    *("campaign_id", "campaign_name", "spend", "account_currency", "impressions", "clicks"),
    *("date_start", "date_stop"),
)
_LIMITS: Final = frozenset((4, 17, 32, 613, 80_000, 80_003, 80_004, 80_014))
_CREDENTIALS: Final = frozenset((102, 190, 200))


def meta(ad_accounts: Sequence[str], version: str = "v26.0") -> PullSource:
    """Ad accounts, by their numbers, with or without `act_`. ``version`` of the Graph API."""
    numbers = [account.removeprefix("act_") for account in ad_accounts]
    insights = Stream("ad_insight", partial(_insights, version), is_dated=False, by_day=True)
    return PullSource("meta", lambda _api: numbers, (insights,), refusal=refusal)


def refusal(status: int, body: str) -> Literal["limit", "credentials"] | None:
    """Meta answers with 400 whatever is wrong; a code in the body tells what."""
    if not 400 <= status < 500:
        return None
    try:
        code = orjson.loads(body)["error"]["code"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    if code in _LIMITS:
        return "limit"
    return "credentials" if code in _CREDENTIALS else None


def _insights(version: str, api: VendorApi, account: str, window: Window) -> Iterator[Page]:
    first, last = window.days or _changing(window)
    days = {"since": first.isoformat(), "until": last.isoformat()}
    answers = api.pages(
        f"/{version}/act_{account}/insights",
        params={
            "level": "campaign",
            "time_increment": 1,
            "fields": ",".join(_FIELDS),
            "time_range": orjson.dumps(days).decode(),
            "limit": _PAGE,
        },
        # A cursor stands on the last page too; only an address for a next one means that it is.
        paginator=_NextPaginator("paging.cursors.after", "after"),
    )
    for answer in answers:
        yield Page([_found(each) for each in answer.objects("data")])


def _changing(window: Window) -> Days:
    today = window.until.date()
    changing = today - (_FIRST if window.since is None else _CHANGING)
    return (changing if window.since is None else min(changing, window.since.date())), today


class _NextPaginator(JSONResponseCursorPaginator):
    """Goes on while `paging.next` is there. Its address is not called: it may carry a token."""

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        """See BasePaginator."""
        super().update_state(response, data)
        paging = response.json().get("paging")
        self._has_next_page = isinstance(paging, dict) and bool(paging.get("next"))


def _found(insight: Object) -> Found:
    key = f"{insight.get('campaign_id')} {insight.get('date_start')}"
    return Found(key, None, insight)
