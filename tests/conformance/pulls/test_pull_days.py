"""Days that somebody picks, at the vendors that can be asked for them."""

from __future__ import annotations

from datetime import timedelta

import httpx
from pull_meta import META

from ingestion.sandbox.pulls import meta_insight
from orchestration.pulls.accounts import BY_DAY
from orchestration.pulls.sources import PULLERS

(CASE,) = (case for case in META if case.kind == "ad_insight")


def test_only_the_days_that_are_picked_are_read(lab):
    """Also those that no pull reads any more; what did not change is stored once, and the first
    pull of all that follows is the first one still."""
    today = lab.clock().date()
    days = [today - timedelta(days=ago) for ago in (200, 199, 50, 0)]
    rows = [meta_insight(day.isoformat(), "7", "9.50", account="77") for day in days]
    httpx.post(f"{lab.url}/_objects/meta/insights", json=rows).raise_for_status()

    picked = (days[0], days[1])
    assert [(2, 2, None), (2, 0, None)] == [
        (report.read, report.new, report.code)
        for report in (lab.pull(CASE, days=picked), lab.pull(CASE, days=picked))
    ]
    told = sorted(event["object"]["date_start"] for event in lab.events(CASE))
    assert [day.isoformat() for day in days[:2]] == told
    assert (2, 2) == ((first := lab.pull(CASE)).read, first.new)  # of the last ninety days
    assert all(event.historical for event in lab.log.read(source="meta", kind="pull"))


def test_sources_of_days_are_known_without_loading_them():
    """The list that the code location reads is the list of the sources themselves."""

    class Account:
        """What any source asks its account."""

        ad_accounts, pages, api_version, folder = "77", "88", "v1", None

    found = []
    for puller in PULLERS:
        if puller.name == "googleads":  # reads its whole folder each time
            continue
        streams = puller.made(Account).streams
        found += [puller.name for stream in streams if stream.by_day]
    assert list(BY_DAY) == found
