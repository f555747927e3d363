"""What pulls decide: which changes webhooks dropped, where the next pull begins, paging limits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ingestion.errors import PullAnswerError
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
    assert Cursor(NOW).since(MINUTE, NOW) is None
    assert NOW - MINUTE == Cursor(NOW, reached=NOW).since(MINUTE, NOW)
    assert NOW - HOUR - MINUTE == Cursor(NOW, NOW, judged_until=NOW - HOUR).since(MINUTE, NOW)


def test_a_clock_that_was_ahead_leaves_no_gap():
    """The next pull begins with the last change that the vendor told of; with everything, where
    it lists by another order."""
    assert NOW - HOUR == Cursor(NOW, NOW - HOUR, NOW + HOUR).since(timedelta(), NOW)
    assert Cursor(NOW, None, NOW + HOUR).since(MINUTE, NOW) is None


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
    state.note(failed)
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
    """HubSpot's search over contacts that changed at these milliseconds: what keeps all rules, in
    order, and no more than a page. `meanwhile` is called after each search."""

    def __init__(self, changes, meanwhile=lambda _portal: None):
        self.changed = {str(number): at for number, at in enumerate(changes, 1)}
        self.meanwhile, self.searches = meanwhile, 0

    def post(self, _path, asked):
        self.searches += 1
        [group], [sort] = asked["filterGroups"], asked["sorts"]
        found = [key for key in self.changed if all(self._keeps(key, r) for r in group["filters"])]
        found.sort(key=lambda key: self._value(key, sort["propertyName"]))
        answer = {"results": [self._shown(key) for key in found[: asked["limit"]]]}
        self.meanwhile(self)
        return answer

    def _value(self, key, name):
        return int(key) if name == "hs_object_id" else self.changed[key]

    def _keeps(self, key, rule):
        value, wanted = self._value(key, rule["propertyName"]), int(rule["value"])
        return {"GTE": value >= wanted, "GT": value > wanted, "EQ": value == wanted}[
            rule["operator"]
        ]

    def _shown(self, key):
        at = datetime.fromtimestamp(self.changed[key] / 1000, UTC).isoformat()
        return {"id": key, "updatedAt": at, "properties": {"lastmodifieddate": at}}


def contacts(portal):
    source: PullSource = hubspot()
    [stream] = [each for each in source.streams if each.kind == "contact"]
    pages = stream.read(portal, "62515", Window(None, NOW))
    return [(each.id, each.changed_at) for page in pages for each in page.found]


@pytest.mark.parametrize(
    "changes",
    [range(2_500), [n // 300 for n in range(2_500)], [n // 2 for n in range(1_001)], [7] * 1_000],
    ids=["one by one", "more at once than a page", "ties over the borders", "all at once"],
)
def test_every_change_is_read_once(changes):
    """However many changed in the same millisecond, and wherever a page ends."""
    portal = Portal(changes)
    found = contacts(portal)
    assert set(portal.changed) == {key for key, _at in found}
    assert len(found) == len(set(found))


def test_a_change_while_paging_lets_nothing_slip_through():
    """An object that was read and changes goes behind the others; none of those is skipped, and
    it is read again."""

    def touch(portal):
        if portal.searches < 5:
            portal.changed[str(portal.searches)] = 10_000 + portal.searches

    portal = Portal(range(1_000), touch)
    found = contacts(portal)
    assert set(portal.changed) == {key for key, _at in found}
    assert {("1", 10_001), ("4", 10_004)} <= {
        (key, round(at.timestamp() * 1000)) for key, at in found
    }


def test_a_search_that_does_not_keep_its_rules_is_told():
    """An endless pull would be worse than an error."""

    class Forgetful(Portal):
        def _keeps(self, _key, _rule):
            return True

    with pytest.raises(PullAnswerError):
        contacts(Forgetful(range(500)))


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
