"""Scores and MQLs against a simulation that knows nothing of SQL, and the laws they must keep."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zlib import crc32

import pytest
import scoring_lab
from dbt_warehouse import Warehouse
from hypothesis import given, settings
from hypothesis import strategies as st
from scoring_lab import Happened, Lab, Rows

START = datetime(2025, 3, 1, tzinfo=UTC)
RULES = [
    ("boss", "v1", "fit", "job_title", "has_word", "ceo|vp", "20", None, None),
    ("student", "v1", "fit", "job_title", "has_word", "student", "-20", None, None),
    ("no_title", "v1", "fit", "job_title", "absent", None, "3", None, None),
    ("large", "v1", "fit", "employees", "at_least", "50", "10", None, None),
    ("near", "v1", "fit", "country", "in", "DE|AT", "5", None, None),
    ("visit", "v1", "engagement", "page_view", "happened", None, "4", "30", "13"),
    ("pricing", "v1", "engagement", "page_view", "on_page", "pricing", "7", "14", None),
    ("form", "v1", "engagement", "form_submit", "happened", None, "15", "60", "30"),
    ("meeting", "v1", "engagement", "meeting_booked", "happened", None, "40", None, "40"),
    ("left", "v1", "engagement", "email_unsubscribed", "happened", None, "-20", "180", "-20"),
]
PEOPLE = {"r1": "p1", "r2": "p1", "r3": "p2"}
KINDS = (
    *("page_view", "page_view", "page_view", "form_submit", "meeting_booked", "told"),
    *("email_unsubscribed", "email_open"),
)
TITLES = ("CEO", "Student", "VP, student affairs", "Baker")


@pytest.fixture(scope="module")
def lab(warehouse: Warehouse) -> Iterator[Lab]:
    with scoring_lab.opened(warehouse.compiled(scoring_lab.MODELS)) as opened:
        yield opened


@st.composite
def histories(draw: st.DrawFn) -> list[Happened]:
    """Up to 30 events of two people, at moments of their own, some years apart at most."""
    hours = draw(st.lists(st.integers(0, 24 * 500), max_size=30, unique=True))
    return [draw(happenings(f"k{number}", hour)) for number, hour in enumerate(hours)]


@st.composite
def happenings(draw: st.DrawFn, key: str, hour: int) -> Happened:
    when, record = START + timedelta(hours=hour), draw(st.sampled_from(sorted(PEOPLE)))
    kind = draw(st.sampled_from(KINDS))
    told = []
    if kind in ("told", "form_submit"):
        for field, values in (("job_title", TITLES), ("employees", ("10", "51-200")),
                              ("country", ("DE", "FR"))):  # fmt: skip
            if value := draw(st.none() | st.sampled_from(values)):
                told.append((field, value))
    page = draw(st.sampled_from(["https://x.example/pricing", "https://x.example/blog"]))
    return Happened(key, record, when, None if kind == "told" else kind, tuple(told), page)


class Simulation:
    """Replays one person's events in Python, by the words of the documentation."""

    def __init__(self, events: list[Happened]) -> None:
        self.events = sorted(events, key=lambda event: event.order_key)

    def score(self, moment: datetime) -> float:
        past = [event for event in self.events if event.when <= moment]
        return self._fit(past) + self._engagement(past, moment)

    def moments(self) -> list[datetime]:
        """When an event changed the score: a counted activity, or an attribute rules look at."""
        found, known = [], {}
        for number, event in enumerate(self.events):
            changed = {f: v for f, v in event.told if known.get(f) != v}
            known |= changed
            counted = event.activity not in (None, "email_open")
            if counted or number == 0 or self._matters(changed, number):
                found.append(event.when)
        return found

    def crossings(self, threshold: float, rearm: float) -> list[tuple[datetime, float]]:
        found, armed, before = [], True, None
        for moment in self.moments():
            if before is not None:
                just_before = self._decayed(before, moment)
                armed = armed or min(self.rounded(before), just_before) < rearm
            score = self.rounded(moment)
            if armed and score >= threshold:
                found.append((moment, score))
                armed = False
            before = moment
        return found

    def rounded(self, moment: datetime) -> float:
        return round(self.score(moment), 2)

    def _decayed(self, before: datetime, moment: datetime) -> float:
        past = [event for event in self.events if event.when <= before]
        return round(self._fit(past) + self._engagement(past, moment), 2)

    def _matters(self, changed: dict[str, str], number: int) -> bool:
        before: dict[str, str] = {}
        for event in self.events[:number]:
            before |= dict(event.told)
        return any(
            self._looked_at(field, value) or self._looked_at(field, before.get(field))
            for field, value in changed.items()
        )

    def _looked_at(self, field: str, value: str | None) -> bool:
        """Whether a rule gives points for it, even if two rules cancel each other out."""
        return value == "VP, student affairs" or bool(self._fit_points(field, value))

    def _fit(self, past: list[Happened]) -> float:
        known: dict[str, str] = {}
        for event in past:
            known |= dict(event.told)
        if not past:
            return 0
        return sum(
            self._fit_points(field, known.get(field))
            for field in ("job_title", "employees", "country")
        )

    @staticmethod
    def _fit_points(field: str, value: str | None) -> float:
        if field == "job_title":
            words = (value or "").lower().replace(",", " ").split()
            return (
                20 * bool({"ceo", "vp"} & {*words})
                - 20 * ("student" in words)
                + 3 * (value is None)
            )
        if field == "employees":
            return 10 if value == "51-200" else 0
        return 5 if value == "DE" else 0

    @staticmethod
    def _engagement(past: list[Happened], moment: datetime) -> float:
        total = 0.0
        for _, _, kind, activity, operator, word, points, half_life, cap in RULES:
            if kind != "engagement":
                continue
            counted = [
                event
                for event in past
                if event.activity == activity and (operator != "on_page" or word in str(event.page))
            ]
            if cap:
                counted = counted[-int(float(cap) / float(points)) :]
            for event in counted:
                age = (moment - event.when) / timedelta(days=1)
                total += float(points) * (2 ** (-age / int(half_life)) if half_life else 1)
        return total


def simulate(events: list[Happened]) -> dict[str, Simulation]:
    return {
        person: Simulation([event for event in events if PEOPLE[event.record] == person])
        for person in sorted(set(PEOPLE.values()))
    }


def in_order(rows: Rows) -> Rows:
    return sorted(rows, key=lambda row: row["occurred_at"])


@settings(max_examples=30)
@given(events=histories())
def test_scores_and_crossings_equal_a_simulation(lab: Lab, events: list[Happened]) -> None:
    """Decay, caps, attributes that change and hysteresis, over random histories."""
    lab.build(events, PEOPLE, RULES)
    timeline = in_order(lab.rows("intermediate.int_score_timeline"))
    crossings = in_order(lab.rows("intermediate.int_mql_crossings"))
    for person, simulation in simulate(events).items():
        mine = [row for row in timeline if row["person_id"] == person]
        assert simulation.moments() == [row["occurred_at"] for row in mine]
        for row in mine:
            assert float(row["score"]) == pytest.approx(
                simulation.score(row["occurred_at"]), abs=0.011
            )
        if any(abs(float(row["score"]) - edge) < 0.02 for row in mine for edge in (20, 50)):
            continue  # rounding decides: both answers are right
        assert [moment for moment, _ in simulation.crossings(50, 20)] == [
            row["occurred_at"] for row in crossings if row["person_id"] == person
        ]


@settings(max_examples=15)
@given(events=histories(), seed=st.integers(0, 99))
def test_contributions_sum_to_the_score_in_any_order(
    lab: Lab, events: list[Happened], seed: int
) -> None:
    """Every point is explained, to the cent, and the order of arrival changes no row."""
    tables = ("intermediate.int_score_contributions", "marts.fct_scores", "marts.fct_mqls")
    lab.build(events, PEOPLE, RULES)
    first = [lab.rows(table) for table in tables]
    points: dict[str, Decimal] = dict.fromkeys(PEOPLE.values(), Decimal(0))
    for row in first[0]:
        points[row["person_id"]] += row["points"]
    assert points == {row["person_id"]: row["total"] for row in first[1]}
    shuffled = [*events]
    random.Random(seed).shuffle(shuffled)  # noqa: S311  # a fixed shuffle, no secret
    lab.build(shuffled, PEOPLE, RULES)
    assert first == [lab.rows(table) for table in tables]


@settings(max_examples=15)
@given(events=histories(), cut=st.integers(0, 24 * 500))
def test_what_is_decided_is_never_decided_again(lab: Lab, events: list[Happened], cut: int) -> None:
    """Decide on part of the events, in any order of arrival; the rest, and a merge of everybody,
    may only add MQLs after the last decision, and never repeat a cause."""
    known = [event for event in events if crc32(f"{event.key}{cut}".encode()) % 2]
    lab.build(known, PEOPLE, RULES)
    decided = lab.rows("marts.fct_mqls")
    together = dict.fromkeys(PEOPLE, "p1")
    lab.build(events, together, RULES, decisions=decided)
    after = lab.rows("marts.fct_mqls")
    assert {row["mql_id"] for row in decided} == {
        row["mql_id"] for row in after if row["is_decided"]
    }
    assert len(after) == len({row["mql_id"] for row in after})
    new = [row["reached_at"] for row in after if not row["is_decided"]]
    assert all(moment > row["reached_at"] for row in decided for moment in new)


def at(days: float) -> datetime:
    return START + timedelta(days=days)


def meeting(key: str, days: float) -> Happened:
    return Happened(key, "r1", at(days), "meeting_booked", (("job_title", "CEO"),))


def test_shadow_versions_score_but_decide_nothing(lab: Lab) -> None:
    """Beside the live version; a retired one is not computed at all."""
    versions = [
        ("v1", "live", "rules", 500, 20, None),
        ("v2", "shadow", "rules", 50, 20, None),
        ("v0", "retired", "rules", 1, None, None),
    ]
    rules = [(rule[0], version, *rule[2:]) for rule in RULES for version in ("v0", "v1", "v2")]
    lab.build([meeting("k1", 0)], {"r1": "p1"}, rules, versions)
    scores = lab.rows("marts.fct_scores", "version, is_live, total")
    assert [("v1", True, Decimal("60.00")), ("v2", False, Decimal("60.00"))] == [
        tuple(row.values()) for row in scores
    ]
    assert [] == lab.rows("marts.fct_mqls")
    compared = lab.rows("marts.rpt_score_versions", "version, mqls, also_live")
    assert [("v1", 0, 0), ("v2", 1, 0)] == [tuple(row.values()) for row in compared]


def test_drift_is_seen_against_the_reference_period(lab: Lab) -> None:
    """The same distribution is stable; one that moved is named, with its MQL rate."""
    people = {f"r{n}": f"p{n:03d}" for n in range(300)}
    steady = [
        Happened(f"a{n}", f"r{n}", at(n % 28), "page_view", page="https://x.example/")
        for n in range(240)
    ]
    hot = [
        Happened(f"b{n}", f"r{n}", at(33), "meeting_booked", (("job_title", "CEO"),))
        for n in range(240, 300)
    ]
    lab.build([*steady, *hot], people, RULES)
    first, second = lab.rows("marts.rpt_score_drift")
    assert ("stable", 240, Decimal("0.0000")) == (first["drift"], first["people"], first["psi"])
    assert ("major", 60, Decimal("100.00")) == (
        second["drift"], second["people"], second["mql_rate_percent"],
    )  # fmt: skip


def test_a_competitor_is_no_lead(lab: Lab) -> None:
    """A value in a list counts whatever its case."""
    rules: list[Any] = [
        ("rival", "v1", "fit", "company_domain", "listed", "competitor_domains", "-100", None, None)
    ]
    told = Happened("k1", "r1", at(0), None, (("company_domain", "rival.example"),))
    lab.build([told], {"r1": "p1"}, rules, competitors=["Rival.example"])
    assert [Decimal("-100.00")] == [row["total"] for row in lab.rows("marts.fct_scores")]


def test_no_events_give_no_scores(lab: Lab) -> None:
    """Empty tables build."""
    lab.build([], {}, RULES)
    assert [] == lab.rows("marts.fct_scores")
    assert [] == lab.rows("marts.rpt_score_drift")
