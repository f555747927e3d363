"""Meta's insights for the conformance suite of pulls."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
from pull_case import Case

from ingestion.sandbox.pulls import meta_insight
from ingestion.sources.meta import meta

PAGE = 25


def _put(url, rows):
    httpx.post(f"{url}/_objects/meta/insights", json=rows).raise_for_status()


def _seed(url, count):
    day = datetime.now(UTC).date().isoformat()
    rows = [meta_insight(day, f"{number}", "9.50", account="77") for number in range(count)]
    _put(url, rows)


def _change(url):
    rows = httpx.get(f"{url}/_state/meta").json()["objects"]["insights"]
    _put(url, [{**rows[0], "spend": "12.00"}, *rows[1:]])


META = (
    Case(lambda: meta(["act_77"]), "ad_insight", "/insights", _seed, _change, PAGE, rereads=True),
)
