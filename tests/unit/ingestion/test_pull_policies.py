"""What pulls decide: which changes webhooks dropped, where the next pull begins, paging limits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ingestion.errors import PullAnswerError, PullStuckError
from ingestion.event_log import EventLog
from ingestion.pulls import Found, PullSource, StreamReport, Window
from ingestion.pulls.client import Answer
from ingestion.pulls.reconcile import Grace, Judgement, judge
from ingestion.pulls.state import Cursor, Place, PullState
from ingestion.sources.hubspot import hubspot
from ingestion.sources.meta.graph import refusal
from ingestion.sources.moments import moment

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
CURSOR = Cursor(NOW - 9 * HOUR, NOW - 2 * HOUR, NOW - 3 * HOUR)
PLACE = Place("meta", "ad_insight", "77")


def changed(ago, key="7"):
    return Found(key, NOW - ago, {"id": key})


@pytest.mark.parametrize(
    ("ago", "heard", "new", "expected"),
    [
        (2 * HOUR, {}, (), Judgement(1, 1)),
        (2 * HOUR, {"7": NOW - 2 * HOUR}, (), Judgement(1, 0)),
        (2 * HOUR, {"7": NOW - 2 * HOUR - MINUTE}, (), Judgement(1, 0)),
        (2 * HOUR, {"7": NOW - 2 * HOUR - 2 * MINUTE}, (), Judgement(1, 1)),
        (2 * HOUR, {"8": NOW}, (), Judgement(1, 1)),
        (59 * MINUTE, {}, (), Judgement(0, 0)),
        (3 * HOUR, {}, (), Judgement(0, 0)),
        (4 * HOUR, {}, ("7",), Judgement(1, 1)),
        (9 * HOUR, {}, ("7",), Judgement(0, 0)),
    ],
    ids=[
        "dropped",
        "told",
        "told a little early",
        "an earlier change was told",
        "another object was told",
        "it may still come",
        "judged before",
        "found late",
        "older than the first pull",
    ],
)
def test_a_change_is_judged_once(ago, heard, new, expected):
    """It counts as dropped when its grace period is over and no webhook told of it."""
    assert expected == judge([changed(ago)], heard, new, CURSOR, NOW, Grace())


def test_nothing_is_judged_before_a_pull_came_to_its_end():
    """What the first pull finds was there before webhooks could tell."""
    cursor = Cursor(NOW - 9 * HOUR, NOW - 2 * HOUR)
    assert Judgement() == judge([changed(2 * HOUR)], {}, ("7",), cursor, NOW, Grace())


def test_a_broken_first_pull_goes_on():
    """The next one begins where it came to; after a whole one, with what is not judged yet."""
    assert Cursor(NOW).since(MINUTE) is None
    assert NOW - MINUTE == Cursor(NOW, reached=NOW).since(MINUTE)
    assert NOW - HOUR - MINUTE == Cursor(NOW, NOW, judged_until=NOW - HOUR).since(MINUTE)


@pytest.fixture
def state(each_database):
    log = EventLog.open(each_database)
    yield PullState(log)
    log.close()


def test_a_cursor_never_goes_back(state):
    """A second process that is behind does not move it."""
    state.begin(PLACE, NOW)
    for moment_ in (NOW, NOW - HOUR):
        state.advance(PLACE, moment_)
    found = state.begin(PLACE, NOW + HOUR)
    assert (NOW, NOW) == (found.begun_at, found.reached)


def test_a_content_is_dated_by_when_it_was_seen_first(state):
    """Seen again it has the same date; another content has another, as has one that came back."""
    cheap, dear = Found("1", None, {"spend": "9"}), Found("1", None, {"spend": "12"})
    seen = [
        state.first_seen(PLACE, [each], NOW + number * HOUR)["1"]
        for number, each in enumerate((cheap, cheap, dear, cheap))
    ]
    assert [NOW, NOW, NOW + 2 * HOUR, NOW + 3 * HOUR] == seen


def test_what_pulls_did_is_kept(state):
    """The last pull of each kind, and how much was dropped in a time, by kind."""
    state.begin(PLACE, NOW)
    before = None
    for hours, dropped in ((0, 1), (30, 2), (31, 4)):
        report = StreamReport("meta", "ad_insight", "77", NOW + hours * HOUR, dropped=dropped)
        state.finish(PLACE, report, before, NOW + hours * HOUR)
        before = NOW + hours * HOUR
    failed = StreamReport("meta", "lead", "77", NOW, code="PULL_LIMITED", message="Later.")
    state.fail(failed)
    assert {failed, report} == set(state.last_runs())
    assert {("meta", "ad_insight"): 6} == dict(state.dropped(since=NOW + HOUR))
    assert NOW + 31 * HOUR == state.begin(PLACE, NOW).judged_until


def test_two_pulls_at_once_count_once(state):
    """What both judged is the business of that which came to its end first."""
    cursor = state.begin(PLACE, NOW)
    report = StreamReport("meta", "ad_insight", "77", NOW, judged=3, dropped=2)
    told = [state.finish(PLACE, report, cursor.judged_until, NOW).dropped for _ in range(2)]
    assert [2, 0] == told
    assert {("meta", "ad_insight"): 2} == dict(state.dropped(since=NOW))


class Portal:
    """HubSpot's search over contacts that changed at these milliseconds, 200 a page."""

    def __init__(self, changes):
        self._changes = sorted(changes)

    def pages(self, _path, *, json, **_rest):
        since = int(json["filterGroups"][0]["filters"][0]["value"])
        found = [(number, at) for number, at in enumerate(self._changes) if at >= since]
        for start in range(0, min(len(found), 10_200), 200):
            assert start + 200 <= 10_000, "HubSpot refuses to list more"
            page = [
                {"id": str(number), "updatedAt": datetime.fromtimestamp(at / 1000, UTC).isoformat()}
                for number, at in found[start : start + 200]
            ]
            yield Answer("HubSpot", {"results": page})


def contacts(changes):
    source: PullSource = hubspot()
    [stream] = [each for each in source.streams if each.kind == "contact"]
    pages = stream.read(Portal(changes), "62515", Window(None, NOW))
    return [each.id for page in pages for each in page.found]


def test_more_than_a_search_lists_is_read_all_the_same():
    """The next search begins at the last change listed, so that none of 25,000 is missing."""
    assert {str(number) for number in range(25_000)} == set(contacts(range(25_000)))


def test_too_many_changes_of_one_moment_are_told():
    """A search cannot go on behind them: an error, not silence."""
    with pytest.raises(PullStuckError):
        contacts([5_000] * 10_500)


@pytest.mark.parametrize("body", [{}, {"results": None}, {"results": [1]}, {"results": {}}])
def test_an_answer_of_another_form_is_no_empty_one(body):
    """What has no list of objects is an error."""
    with pytest.raises(PullAnswerError):
        Answer("HubSpot", body).objects("results")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-01T12:00:00.000Z", NOW),
        ("2026-03-01T12:00:00.000+0000", NOW),
        ("2026-03-01T13:00:00+01:00", NOW),
        ("2026-03-01T12:00:00", NOW),
        ("yesterday", None),
        ("2026-03-01T12:00 or so", None),
        (None, None),
    ],
)
def test_times_are_read_as_vendors_write_them(text, expected):
    """What is no time is none, instead of an error."""
    assert expected == moment(text)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, '{"error": {"code": 190}}', "credentials"),
        (400, '{"error": {"code": 80004}}', "limit"),
        (400, '{"error": {"code": 100}}', None),
        (400, "<html>", None),
        (400, '{"error": "x"}', None),
        (500, '{"error": {"code": 190}}', None),
    ],
)
def test_metas_refusals_are_told_apart(status, body, expected):
    """A code in the body says what its status does not."""
    assert expected == refusal(status, body)
