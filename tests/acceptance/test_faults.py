"""What breaks around Millrace: vendors, the warehouse file, settings. Nothing is lost or doubled.

One installation lives through it all: before its first batch; a batch with both destinations out of
reach; a withdrawal and a replay while rows wait; a locked and a damaged warehouse; and a batch that
rebuilds the warehouse and delivers to vendors with faults.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import orjson
import pytest
from acceptance_play import people, plan_faults, play, post, stage
from harness import Installation, free_port, sandbox_state

from ingestion.sandbox.personas import Persona, Stage, personas

pytestmark = pytest.mark.slow

HOT_LEAD = "hanna.hot@brightforge.io"
CUSTOMER = "carl.customer@ironbay.co.uk"
HESITANT = "rita.regret@windmere.example"

HOLDER = """
import sys, duckdb
with duckdb.connect(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""

CONTACTS, TASKS, EVENTS = "/contacts/batch/upsert", "/tasks/batch/create", "/events"
FAULTS = (
    {"vendor": "hubspot", "path": CONTACTS, "fault": "status_429", "retry_after": 1, "first": 1},
    {"vendor": "hubspot", "path": CONTACTS, "fault": "drop_after", "first": 1},
    {"vendor": "hubspot", "path": TASKS, "fault": "status_500", "first": 1},
    {"vendor": "hubspot", "path": TASKS, "fault": "drop_after", "first": 1},
    {"vendor": "meta", "path": EVENTS, "fault": "status_429", "retry_after": 1, "first": 1},
    {"vendor": "meta", "path": EVENTS, "fault": "drop_after", "first": 1},
)

Story = Mapping[str, Any]


def hesitant(now: Stage) -> Persona:
    """Agrees to ads and buys; her withdrawal comes in the next chapter."""
    day = timedelta(days=1)
    form = now.typeform(
        "rita", now.now - day, email=HESITANT, first_name="Rita", consent_advertising=True
    )
    deal = now.won_deal(710_091, 720_091, HESITANT, now.now - day, amount="700")
    return Persona("Rita Regret", HESITANT, "withdraws while her sale is queued", (form, deal))


@contextmanager
def held(warehouse: Path) -> Iterator[None]:
    """Another program (a DuckDB shell, say) has the warehouse file open."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(warehouse)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        yield
        holder.communicate()  # closes its input: it ends


@dataclass(frozen=True, slots=True)
class Outage:
    """The first batch: HubSpot is down, Meta has no credentials."""

    installation: Installation
    service: str
    nobody: CompletedProcess[str]
    nothing_replayed: CompletedProcess[str]
    run: Story
    customer: Story


@dataclass(frozen=True, slots=True)
class Recovery:
    """The second batch: a rebuild, with vendors that are back but fail now and then. Before it,
    batches were tried on a `locked` and on a `damaged` warehouse, and `explained` was asked."""

    installation: Installation
    sandbox: str
    locked: CompletedProcess[str]
    damaged: CompletedProcess[str]
    explained: Story
    people_before: list[tuple[Any, ...]]
    run: Story
    status: Story


@pytest.fixture(scope="module")
def outage(installation: Installation) -> Outage:
    installation.environment |= {
        "MILLRACE_HUBSPOT_URL": f"http://127.0.0.1:{free_port()}",
        "MILLRACE_META_URL": "https://meta.invalid",
    }
    nobody = installation.millrace("why", "x@example.com", "--json", check=False)
    unbuilt = installation.millrace("log", "replay", "--quarantined", "--json", check=False)
    service = installation.start_service()
    now = stage(service)
    play(service, (*personas(now), hesitant(now)))
    run = installation.json("run")
    customer = installation.json("why", CUSTOMER)
    return Outage(installation, service, nobody, unbuilt, run, customer)


@pytest.fixture(scope="module")
def recovery(outage: Outage) -> Recovery:
    installation, warehouse = outage.installation, outage.installation.home / "warehouse.duckdb"
    _withdraw(outage.service)
    position = outage.customer["events"][0]["position"]
    installation.json("log", "replay", str(position))
    with held(warehouse):
        locked = installation.millrace("run", "--json", check=False)
    before = people(installation.home)
    warehouse.write_bytes(b"this is no database " * 1000)
    damaged = installation.millrace("run", "--json", check=False)
    explained = installation.json("why", HOT_LEAD)
    sandbox = installation.start_sandbox()
    plan_faults(sandbox, *FAULTS)
    run = installation.json("run", "--full", "--from-log")
    status = installation.json("status")
    return Recovery(installation, sandbox, locked, damaged, explained, before, run, status)


def _withdraw(service: str) -> None:
    now = stage(service)
    withdrawal = now.standard(
        "consent-rita",
        "consent_changed",
        now.now,
        email=HESITANT,
        purpose="advertising",
        status="withdrawn",
    )
    post(service, withdrawal).raise_for_status()


def _error(done: CompletedProcess[str]) -> Story:
    """The error of a failed command: the same on stdout (JSON) and on stderr (for people)."""
    told: Story = orjson.loads(done.stdout)["error"]
    assert done.returncode == 1
    assert told["code"] in done.stderr
    assert told["remedy"].split()[0] in done.stderr
    assert "Traceback" not in done.stderr
    return told


def _problem(run: Story, destination: str) -> Story:
    (problem,) = [found for found in run["problems"] if found["destination"] == destination]
    found: Story = problem
    return found


def _deliveries(installation: Installation, who: str, destination: str) -> list[Story]:
    story = installation.json("why", who)
    return [found for found in story["deliveries"] if found["destination"] == destination]


def test_before_the_first_batch_nobody_is_known(outage: Outage) -> None:
    """`why` before any batch says so, with a code and the command that builds people."""
    error = _error(outage.nobody)

    assert error["code"] == "NOT_FOUND"
    assert "No batch has run yet" in error["remedy"]


def test_a_missing_warehouse_says_how_to_build_it(outage: Outage) -> None:
    """A command that needs the warehouse names the command that makes one."""
    error = _error(outage.nothing_replayed)

    assert error["code"] == "WAREHOUSE_MISSING"
    assert "millrace run" in error["remedy"]


def test_a_batch_survives_a_destination_that_is_down(outage: Outage) -> None:
    """`run` ends well, names the destination that cannot be reached, and what to do."""
    problem = _problem(outage.run, "hubspot")

    assert problem["code"] == "DESTINATION_UNREACHABLE"
    assert "nothing is lost" in problem["message"]
    assert problem["remedy"]


def test_rows_for_a_destination_that_is_down_stay_queued(outage: Outage) -> None:
    """Every row for the CRM waits, none is dead or delivered, and the accounts are true."""
    enqueued = outage.run["enqueued"].items()
    hubspot = [counts for name, counts in enqueued if name.startswith("hubspot_")]
    wanted = sum(effect["inserted"] for effect in hubspot)

    assert wanted > 0
    assert wanted == outage.run["delivered"]["hubspot"]["pending"]
    assert outage.run["deliveries"]["delivered"] == 0
    assert outage.run["accounting"]["deliveries_balanced"]
    assert outage.run["accounting"]["events_balanced"]


def test_a_destination_without_credentials_names_its_settings(outage: Outage) -> None:
    """Its rows wait, and the problem names the variables to set."""
    problem = _problem(outage.run, "meta")

    assert problem["code"] == "DESTINATION_NOT_CONFIGURED"
    assert "MILLRACE_META_TOKEN" in problem["remedy"]
    assert "MILLRACE_META_DATASET" in problem["remedy"]


def test_nothing_is_sent_without_credentials(outage: Outage) -> None:
    """A row for a destination without credentials is queued and was never tried."""
    (purchase,) = [row for row in outage.customer["deliveries"] if row["destination"] == "meta"]

    assert (purchase["state"], purchase["attempts"]) == ("pending", [])
    assert outage.run["delivered"]["meta"]["requests"] == 0


def test_a_locked_warehouse_stops_the_batch_with_a_way_out(recovery: Recovery) -> None:
    """While another program holds the file, `run` fails with a code and says what to close."""
    error = _error(recovery.locked)

    assert error["code"] == "WAREHOUSE_LOCKED"
    assert "run again" in error["remedy"]


def test_a_withdrawal_cancels_what_is_queued(recovery: Recovery) -> None:
    """Consent that is withdrawn before a row is sent cancels the row."""
    (purchase,) = _deliveries(recovery.installation, HESITANT, "meta")

    assert (purchase["state"], purchase["code"]) == ("cancelled", "CONSENT_WITHDRAWN")
    assert purchase["attempts"] == []


def test_the_next_batch_delivers_what_waited(recovery: Recovery) -> None:
    """After outage, lock and faults nothing waits any more, and both accounts are true."""
    deliveries, accounting = recovery.status["deliveries"], recovery.status["accounting"]
    waiting = {state: deliveries[state] for state in ("pending", "in_flight", "unknown", "held")}

    assert waiting == {"pending": 0, "in_flight": 0, "unknown": 0, "held": 0}
    assert recovery.status["dead_letters"] == {"EXPIRED": 1}
    assert accounting["deliveries_balanced"]
    assert accounting["events_balanced"]
    assert recovery.run["problems"] == []


def test_every_fault_struck(recovery: Recovery) -> None:
    """The sandbox refused, failed and dropped as planned, so the test above means something."""
    seen = Counter(
        (vendor, entry["status"])
        for vendor in ("hubspot", "meta")
        for entry in sandbox_state(recovery.sandbox, vendor)["requests"]
    )

    assert seen["hubspot", 429] == 1
    assert seen["hubspot", 500] == 1
    assert seen["hubspot", None] == 2
    assert seen["meta", 429] == 1
    assert seen["meta", None] == 1


def test_faults_make_no_second_contact(recovery: Recovery) -> None:
    """Every person is one contact at HubSpot, although answers were lost."""
    contacts = sandbox_state(recovery.sandbox, "hubspot")["objects"]["contacts"]
    known = sorted(person_id for person_id, *_ in people(recovery.installation.home))

    assert known == sorted(contact["properties"]["millrace_id"] for contact in contacts)


def test_faults_make_no_second_task(recovery: Recovery) -> None:
    """The one hot lead is one task at HubSpot, although the answer to its creation was lost."""
    (task,) = sandbox_state(recovery.sandbox, "hubspot")["objects"]["tasks"]

    assert "Hanna Hot" in task["properties"]["hs_task_subject"]


def test_a_lost_answer_at_meta_repeats_the_same_event_id(recovery: Recovery) -> None:
    """Meta cannot be asked, so the event goes out again under the id by which Meta drops repeats,
    and the repeat is counted."""
    events = sandbox_state(recovery.sandbox, "meta")["objects"]["events"]
    ids = {event["event_id"] for event in events}

    assert len(ids) == 1
    assert len(events) - len(ids) == recovery.status["accounting"]["possible_repeats"] == 1


def test_every_try_is_kept(recovery: Recovery) -> None:
    """`why` shows what each try of the hot lead's task came to."""
    tries = [
        attempt["code"]
        for row in _deliveries(recovery.installation, HOT_LEAD, "hubspot")
        if row["action"] == "create_task"
        for attempt in row["attempts"]
    ]

    assert tries == ["DESTINATION_ERROR", "NO_ANSWER", "DELIVERED"]


def test_a_damaged_warehouse_stops_the_batch_with_a_way_out(recovery: Recovery) -> None:
    """A file that is no database is named, and so is the command that rebuilds it."""
    error = _error(recovery.damaged)

    assert error["code"] == "WAREHOUSE_CORRUPT"
    assert "millrace run --full" in error["remedy"]


def test_readers_do_not_notice_a_damaged_warehouse(recovery: Recovery) -> None:
    """`why` reads the published copy, which a damaged warehouse file does not touch."""
    assert recovery.explained["person"]["email"] == HOT_LEAD


def test_a_rebuild_gives_the_same_people(recovery: Recovery) -> None:
    """`run --full` makes the warehouse again from the log: same ids, same golden records."""
    assert recovery.people_before == people(recovery.installation.home)
    assert len(recovery.people_before) > 0


def test_a_rebuild_and_a_replayed_event_want_nothing_twice(recovery: Recovery) -> None:
    """The ledger knows every row of the first batch: nothing is enqueued a second time."""
    inserted = {name: counts["inserted"] for name, counts in recovery.run["enqueued"].items()}

    assert {"hubspot_contacts", "hubspot_tasks", "meta_conversions"} <= set(inserted)
    assert {0} == set(inserted.values())


def test_a_wrong_setting_is_named_without_its_value(outage: Outage) -> None:
    """The message says which variable is wrong; its value may be a secret and is not repeated."""
    wrong = {"MILLRACE_HUBSPOT_REQUESTS_PER_10S": "pat-eu1-mistaken"}
    environment = {**outage.installation.environment, **wrong}
    other = Installation(outage.installation.home)
    other.environment = environment

    done = other.millrace("status", "--json", check=False)

    error = _error(done)
    assert error["code"] == "SETTING_INVALID"
    assert "MILLRACE_HUBSPOT_REQUESTS_PER_10S" in error["message"]
    assert "mistaken" not in done.stdout + done.stderr
