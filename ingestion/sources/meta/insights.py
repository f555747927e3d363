"""Meta's ad insights: what each campaign cost on each day. Figures change for weeks, so that the
last four are read each time; what did not change is stored once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Final

import orjson

from ingestion.pulls.client import VendorApi
from ingestion.pulls.model import Days, Found, Object, Page, Stream, Window
from ingestion.sources.meta.graph import listed

_PAGE: Final = 500
_CHANGING: Final = timedelta(days=28)
_FIRST: Final = timedelta(days=90)
_FIELDS: Final = (
    *("campaign_id", "campaign_name", "spend", "account_currency", "impressions", "clicks"),
    *("date_start", "date_stop"),
)


def insights(version: str) -> Stream:
    """What campaigns of an ad account cost by day."""
    return Stream("ad_insight", partial(_insights, version), is_dated=False, by_day=True)


def _insights(version: str, api: VendorApi, account: str, window: Window) -> Iterator[Page]:
    first, last = window.days or _changing(window)
    days = {"since": first.isoformat(), "until": last.isoformat()}
    params = {
        "level": "campaign",
        "time_increment": 1,
        "fields": ",".join(_FIELDS),
        "time_range": orjson.dumps(days).decode(),
        "limit": _PAGE,
    }
    for answer in listed(api, f"/{version}/act_{account}/insights", params):
        yield Page([_found(each) for each in answer.objects("data")])


def _changing(window: Window) -> Days:
    today = window.until.date()
    changing = today - (_FIRST if window.since is None else _CHANGING)
    return (changing if window.since is None else min(changing, window.since.date())), today


def _found(insight: Object) -> Found:
    key = f"{insight.get('campaign_id')} {insight.get('date_start')}"
    return Found(key, None, insight)
