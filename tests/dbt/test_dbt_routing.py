"""Who works on which lead: routing through the models, with decisions read back from a log."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from dbt_builders import RawEvent, contact_property, raw_event, standard, typeform
from dbt_warehouse import Row, Warehouse

from ingestion.event_log import EventLog, LoggedEvent
from orchestration import decisions
from orchestration import warehouse as orchestrated

# Monday, 15:00 in Amsterdam, 9:00 in New York, 23:00 in Tokyo.
NOON = datetime(2026, 11, 2, 14, 0, tzinfo=UTC)
BATCH = 300
SELECT = ("+fct_assignments", "+int_routing_candidates", "+int_contact_owners")

# A team of our own, whatever the seeds hold: values are rows of SQL.
TEAM = {
    "reps": """
        ('eve', 'Eve', 'eve@team.io', '71', 'amsterdam', 60, true, false),
        ('kim', 'Kim', 'kim@team.io', '72', 'amsterdam', 30, true, false),
        ('rin', 'Rin', 'rin@team.io', '73', 'tokyo', 60, true, false),
        ('bob', 'Bob', 'bob@team.io', '74', 'new_york', 60, true, false),
        ('off', 'Off', 'off@team.io', '75', 'amsterdam', 60, false, false),
        ('nil', 'Nil', 'nil@team.io', '76', 'amsterdam', 0, true, false),
        ('queue', 'Queue', 'queue@team.io', '77', 'amsterdam', 0, true, true)
    """,
    "rep_coverage": """
        ('eve', 'territory', 'europe'), ('eve', 'product_line', '*'), ('eve', 'segment', '*'),
        ('kim', 'territory', 'europe'), ('kim', 'product_line', '*'), ('kim', 'segment', 'small'),
        ('rin', 'territory', 'europe'), ('rin', 'product_line', 'mills'), ('rin', 'segment', '*'),
        ('bob', 'territory', 'america'), ('bob', 'product_line', '*'), ('bob', 'segment', '*'),
        ('off', 'territory', 'europe'), ('off', 'product_line', '*'), ('off', 'segment', '*'),
        ('nil', 'territory', 'europe'), ('nil', 'product_line', '*'), ('nil', 'segment', '*')
    """,
    "routing_rules": """
        ('eu', 'territory', 'europe', 1, 'country', 'in', 'DE|NL'),
        ('us', 'territory', 'america', 2, 'country', 'equals', 'us'),
        ('races', 'product_line', 'races', 1, 'interest', 'has_word', 'race'),
        ('mills', 'product_line', 'mills', 2, null, 'always', null),
        ('large', 'segment', 'large', 1, 'employees', 'at_least', '1000'),
        ('small', 'segment', 'small', 2, null, 'always', null)
    """,
    "routing_sla": "('*', 0, 240), ('large', 0, 30)",
    "business_calendars": """
        ('amsterdam', 'Europe/Amsterdam', 'monday', '09:00', '17:00'),
        ('amsterdam', 'Europe/Amsterdam', 'tuesday', '09:00', '17:00'),
        ('amsterdam', 'Europe/Amsterdam', 'wednesday', '09:00', '17:00'),
        ('new_york', 'America/New_York', 'monday', '09:00', '17:00'),
        ('tokyo', 'Asia/Tokyo', 'monday', '09:00', '17:00')
    """,
    "holidays": "('amsterdam', '2026-11-03', 'Day of the Race')",
}


@contextmanager
def team(warehouse: Warehouse, seeds: dict[str, str], *, backwards: bool = False) -> Iterator[None]:
    """The seeds hold this team; afterwards they hold what they held before."""
    with duckdb.connect(str(warehouse.path)) as connection:
        for name, values in seeds.items():
            connection.execute(f"create or replace table seeds.saved_{name} as from seeds.{name}")
            connection.execute(f"delete from seeds.{name}")
            order = "desc" if backwards else "asc"
            connection.execute(
                f"insert into seeds.{name} from (from (values {values}) order by all {order})"
            )
    try:
        yield
    finally:
        with duckdb.connect(str(warehouse.path)) as connection:
            for name in seeds:
                connection.execute(f"delete from seeds.{name}")
                connection.execute(f"insert into seeds.{name} from seeds.saved_{name}")
                connection.execute(f"drop table seeds.saved_{name}")


def lead(
    key: str, *, country: str, employees: int = 60, interest: str = "demo", when: datetime = NOON,
    email: str | None = None,
) -> RawEvent:  # fmt: skip
    """A form that is an MQL by itself, from a company of its own."""
    return typeform(
        key, when, email=email or f"head@{key}.io", job_title="VP Sales", employees=employees,
        budget=50_000, country=country, interest=interest,
    )  # fmt: skip


MANY = [lead(f"many-{number}", country="Germany") for number in range(BATCH)]
FEW = {
    "races": lead("races", country="Netherlands", interest="demo of the race"),
    "large": lead("large", country="Netherlands", employees=5_000),
    "both": lead("both", country="Germany", employees=5_000, interest="demo of the race"),
    "us": lead("us", country="United States"),
    "nowhere": lead("nowhere", country="France"),
    "history": lead("history", country="Germany").backfilled(),
}
FIRST = [*FEW.values(), *MANY]


@dataclass(frozen=True)
class Routed:
    """Assignments by key of the causing event, candidates by that key and rep."""

    assignments: dict[str, Row]
    candidates: dict[tuple[str, str], Row]
    owners: dict[str, Row]

    def reasons(self, key: str) -> dict[str, str | None]:
        return {
            rep: row["reasons"] for (event, rep), row in self.candidates.items() if event == key
        }


def read(warehouse: Warehouse) -> Routed:
    assignments = warehouse.rows("marts.fct_assignments")
    return Routed(
        {_key(row): row for row in assignments},
        {
            (_key(row), row["rep_id"]): row
            for row in warehouse.rows("intermediate.int_routing_candidates")
        },
        {row["person_id"]: row for row in warehouse.rows("intermediate.int_contact_owners")},
    )


def _key(row: Row) -> str:
    return str(row["assignment_id"]).rpartition(":")[2]


@dataclass(frozen=True)
class First:
    """The first batch, and the events that its decisions are in the log."""

    routed: Routed
    decided: list[RawEvent]
    counts: list[decisions.Decided]


def decide(warehouse: Warehouse, path: Path) -> tuple[list[RawEvent], list[decisions.Decided]]:
    """What the orchestration appends for the undecided rows, and how many of it twice."""
    with (
        closing(EventLog.open(f"sqlite:///{path}")) as log,
        orchestrated.connect(warehouse.path, read_only=False) as connection,
    ):
        told = [
            decisions.append_decisions(
                log, decisions.undecided(connection), now=NOON + timedelta(minutes=number)
            )
            for number in (1, 2)
        ]
        events = log.read(limit=10_000)
    return [
        replace(_decision(event), correlation_id=event.correlation_id) for event in events
    ], told


def _decision(event: LoggedEvent) -> RawEvent:
    event_type, body = event.event_key.partition(":")[0], event.body.decode()
    return raw_event(
        "millrace", event.event_key, event_type, body, event.received_at, kind="decision"
    )


@pytest.fixture(scope="module")
def first(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> First:
    with team(warehouse, TEAM):
        warehouse.build(FIRST, select=SELECT)
    decided, told = decide(warehouse, tmp_path_factory.mktemp("log") / "log.sqlite")
    return First(read(warehouse), decided, told)


@pytest.mark.parametrize(
    ("key", "rep", "reason", "due"),
    [
        # A holiday and the end of the day lie between 15:00 on Monday and the call on Wednesday.
        ("races", {"eve", "kim"}, "ROUTED", "2026-11-04T10:00:00+00:00"),
        ("large", {"eve", "rin"}, "ROUTED", "2026-11-02T14:30:00+00:00"),
        ("both", {"eve"}, "ROUTED", "2026-11-02T14:30:00+00:00"),
        ("us", {"bob"}, "ROUTED", "2026-11-02T18:00:00+00:00"),
        ("nowhere", {"queue"}, "UNROUTED", "2026-11-04T10:00:00+00:00"),
    ],
)
def test_a_lead_goes_to_a_rep_whom_nothing_excludes(
    first: First, key: str, rep: set[str], reason: str, due: str
) -> None:
    """Territory, product line, segment, capacity and activity decide together; who fits nobody
    goes to the queue; the due time runs in the rep's business hours."""
    found = first.routed.assignments[key]
    assert found["rep_id"] in rep
    assert reason == found["reason"]
    if found["rep_id"] != "rin":
        assert due == found["sla_due_at"].isoformat()
    assert (False, True) == (found["is_decided"], found["is_current"])


def test_every_reason_against_every_rep_is_kept(first: First) -> None:
    """Nobody is left out, the fallback is no candidate, and each reason has its code."""
    assert {
        "bob": "TERRITORY",
        "eve": None,
        "kim": "SEGMENT",
        "nil": "AT_CAPACITY",
        "off": "INACTIVE",
        "rin": "OUT_OF_HOURS|PRODUCT_LINE",
    } == first.routed.reasons("both")
    assert {
        "bob": "TERRITORY",
        "eve": "TERRITORY",
        "kim": "TERRITORY",
        "nil": "AT_CAPACITY|TERRITORY",
        "off": "INACTIVE|TERRITORY",
        "rin": "OUT_OF_HOURS|TERRITORY",
    } == first.routed.reasons("nowhere")


def test_a_batch_is_shared_in_proportion_to_what_reps_can_take(first: First) -> None:
    """Each rep gets the share of their free capacity, a tenth of it outside business hours, within
    four standard deviations; nobody else gets any."""
    weights = {"eve": 60.0, "kim": 30.0, "rin": 6.0}
    found = Counter(
        row["rep_id"] for key, row in first.routed.assignments.items() if key.startswith("many")
    )
    assert set(found) <= set(weights)
    assert BATCH == found.total()
    for rep, weight in weights.items():
        share = weight / sum(weights.values())
        deviation = math.sqrt(BATCH * share * (1 - share))
        assert abs(found[rep] - BATCH * share) <= 4 * deviation, rep


def test_backfilled_leads_are_routed_to_nobody(first: First) -> None:
    """History informs and sets nothing off."""
    assert "history" not in first.routed.assignments


def test_decisions_are_appended_once(first: First) -> None:
    """One `owner_assigned` a routed MQL; looking at the same tables again appends nothing."""
    routed = len(FIRST) - 1
    assert [decisions.Decided(routed + 1, routed), decisions.Decided(0, 0)] == first.counts
    assert {"decision"} == {event.kind for event in first.decided}


def test_order_of_events_and_of_reps_does_not_matter(warehouse: Warehouse, first: First) -> None:
    """The same leads and the same team in another order: the same assignments and reasons."""
    shuffled = list(FIRST)
    random.Random(3).shuffle(shuffled)  # noqa: S311  # a fixed shuffle, no secret
    with team(warehouse, TEAM, backwards=True):
        warehouse.build(shuffled, select=SELECT)
    assert first.routed == read(warehouse)


@pytest.fixture(scope="module")
def second(warehouse: Warehouse, first: First) -> Routed:
    """The next batch: everything is decided, the team changed, new leads came, two people turned
    out to be one, and somebody changed an owner by hand."""
    reps = TEAM["reps"].replace("'amsterdam', 60, true", "'tokyo', 1, true")
    changed = {**TEAM, "reps": reps.replace("'tokyo', 60, true", "'tokyo', 60, false")}
    many = {key: row["rep_id"] for key, row in first.routed.assignments.items() if "many" in key}
    mine = {rep: key for key, rep in sorted(many.items())}
    later = NOON + timedelta(hours=1)
    crm = [
        contact_property(501, "email", "head@races.io", later),
        contact_property(501, "hubspot_owner_id", "74", later + timedelta(minutes=1)),
        _by_integration(
            contact_property(501, "hubspot_owner_id", "72", later + timedelta(hours=1))
        ),
        contact_property(502, "email", "head@both.io", later),
        contact_property(502, "hubspot_owner_id", "4711", later),
    ]
    new = [
        lead("colleague", country="Germany", email="else@us.io", when=later),
        lead("stranger", country="Germany", when=later),
    ]
    merged = [
        standard(f"link-{key}", "page_view", later, user_id="u1", email=f"head@{key}.io")
        for key in (mine["eve"], mine["kim"])
    ]
    with team(warehouse, changed):
        warehouse.build([*FIRST, *first.decided, *new, *crm, *merged], select=SELECT)
    return read(warehouse)


def _by_integration(event: RawEvent) -> RawEvent:
    body = str(event.body).replace("CRM_UI", "INTEGRATION")
    return raw_event("hubspot", f"{event.event_key}-i", event.event_type, body, event.received_at)


def _as_before(rows: dict[str, Row], *, keys: Sequence[str]) -> dict[str, Row]:
    dropped = ("is_decided", "is_current", "person_id", "owner_email", "hubspot_owner_id")
    return {
        key: {name: value for name, value in rows[key].items() if name not in dropped}
        for key in keys
    }


def test_what_is_decided_stays(first: First, second: Routed) -> None:
    """Whatever the team looks like now, assignment, due time and every reason are as decided."""
    keys = list(first.routed.assignments)
    assert _as_before(first.routed.assignments, keys=keys) == _as_before(
        second.assignments, keys=keys
    )
    assert all(second.assignments[key]["is_decided"] for key in keys)
    for place, row in first.routed.candidates.items():
        found = second.candidates[place]  # of whom it is may change: two people are one now
        assert {**row, "is_decided": True, "person_id": found["person_id"]} == found


def test_a_colleague_goes_to_the_owner_of_the_company(second: Routed) -> None:
    """Even when another territory would take them."""
    found = second.assignments["colleague"]
    assert ("bob", "OWNER_OF_ACCOUNT", False) == (
        found["rep_id"], found["reason"], found["is_decided"],
    )  # fmt: skip


def test_decided_leads_fill_the_capacity(second: Routed) -> None:
    """New leads see the load of what was decided before: who is full gets none."""
    held = [
        key
        for key, row in second.assignments.items()
        if row["is_decided"] and row["is_current"] and row["rep_id"] == "eve" and key != "races"
    ]
    found = second.candidates["stranger", "eve"]
    assert ("AT_CAPACITY|OUT_OF_HOURS", 1, len(held), False) == (
        found["reasons"], found["capacity"], found["open_load"], found["is_chosen"],
    )  # fmt: skip
    assert "eve" != second.assignments["stranger"]["rep_id"]


def test_the_earlier_assignment_of_a_merged_person_stays(first: First, second: Routed) -> None:
    """Two assigned people turn out to be one: both assignments stay, one of them counts."""
    by_person = Counter(row["person_id"] for row in second.assignments.values())
    ((person_id, count),) = by_person.most_common(1)
    both = [row for row in second.assignments.values() if row["person_id"] == person_id]
    assert 2 == count
    (current,) = (row for row in both if row["is_current"])
    assert min(both, key=lambda row: (row["assigned_at"], row["assignment_id"])) == current
    assert current["hubspot_owner_id"] == second.owners[person_id]["hubspot_owner_id"]


def test_who_left_is_stood_in_for_by_the_fallback(second: Routed) -> None:
    """Whom somebody had who is in the team no more, the fallback has in the CRM; the decision
    stays as it was."""
    left = [row for row in second.assignments.values() if row["rep_id"] == "rin"]
    assert left
    assert {("77", "queue@team.io")} == {
        (row["hubspot_owner_id"], row["owner_email"]) for row in left
    }
    (mine, *_) = [row for row in left if row["is_current"]]
    assert "77" == second.owners[mine["person_id"]]["hubspot_owner_id"]


def test_an_owner_set_by_hand_stands(second: Routed) -> None:
    """What people choose in the CRM is kept, and what integrations echo is not their choice; of an
    owner who is not in the team nothing is written."""
    by_hand = second.owners[second.assignments["races"]["person_id"]]
    unknown = second.owners[second.assignments["both"]["person_id"]]
    assert ("74", "bob@team.io") == (by_hand["hubspot_owner_id"], by_hand["owner_email"])
    assert (None, None) == (unknown["hubspot_owner_id"], unknown["owner_email"])
