"""A pull from page to page: what it asks for, what is of the past, where it goes on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ingestion.errors import PullVendorError
from ingestion.pulls import Found, Page, PullSource, Stream
from ingestion.pulls.pull import Pull
from ingestion.pulls.state import PullState

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR, OVERLAP = timedelta(hours=1), timedelta(minutes=15)


class Vendor:
    """Answers with these pages; an error among them ends the pull. Notes what it was asked for."""

    requests = 0

    def __init__(self, log):
        self.log, self.now, self.pages, self.asked = log, NOON, [], []

    def read(self, _api, _account, window):
        self.asked.append(window.since)
        for page in self.pages:
            if isinstance(page, Exception):
                raise page
            yield page

    def pull(self, *pages, since=None):
        self.pages = pages
        source = PullSource("hubspot", lambda _api: ["1"], (Stream("contact", self.read),))
        pull = Pull(self.log, PullState(self.log), lambda: self.now)
        [report] = pull.run(source, self, since=since)
        return report


@pytest.fixture
def vendor(log):
    return Vendor(log)


def found(key, changed_at):
    return Found(key, changed_at, {"id": key, "updatedAt": changed_at.isoformat()})


def page(*objects, reached=None):
    return Page(objects, reached)


def test_a_first_pull_that_broke_off_goes_on(vendor):
    """What came before the error is stored, and not read again."""
    early = page(found("1", NOON - 9 * HOUR), reached=NOON - 9 * HOUR)
    assert ("PULL_VENDOR_FAILED", 1) == (
        (report := vendor.pull(early, PullVendorError())).code,
        report.new,
    )
    vendor.pull()
    assert [None, NOON - 9 * HOUR - OVERLAP] == vendor.asked


def test_an_order_that_is_not_of_change_moves_no_cursor(vendor):
    """Behind a page of unordered objects there may be older changes."""
    vendor.pull(page(found("1", NOON - HOUR)), PullVendorError())
    vendor.pull()
    assert [None, None] == vendor.asked


def test_what_is_not_judged_yet_is_read_again(vendor):
    """The next pull begins an hour and the overlap before the last one."""
    vendor.pull(page(found("1", NOON), reached=NOON))
    vendor.now = NOON + HOUR
    vendor.pull()
    assert NOON - HOUR - OVERLAP == vendor.asked[-1]


def test_what_changed_before_the_first_pull_is_of_the_past(vendor):
    """It informs, but sets off nothing; what changed since does."""
    vendor.pull(page(found("old", NOON - HOUR)), PullVendorError())
    vendor.now = NOON + 2 * HOUR
    vendor.pull(page(found("older", NOON - 2 * HOUR), found("new", NOON + HOUR)))
    assert [True, True, False] == [event.historical for event in vendor.log.read()]


@pytest.mark.parametrize(
    ("since", "expected"),
    [(NOON - 9 * HOUR, NOON - 9 * HOUR), (NOON + HOUR, NOON - HOUR - OVERLAP)],
    ids=["before the cursor", "behind the cursor"],
)
def test_reading_again_leaves_no_gap(vendor, since, expected):
    """One may ask for more than is due, never for less."""
    vendor.pull()
    vendor.now = NOON + 2 * HOUR
    vendor.pull(since=since)
    assert expected == vendor.asked[-1]


def test_a_first_pull_may_begin_later(vendor):
    """Who does not want what is older says so."""
    vendor.pull(since=NOON - HOUR)
    assert [NOON - HOUR] == vendor.asked
