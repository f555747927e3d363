"""The command line on one installation with a few leads: what programs and people may rely on."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import duckdb
import orjson
import pytest
from acceptance_play import people, play, stage
from harness import Installation, free_port, sandbox_state, wait_until
from typer.main import get_command
from typer.testing import CliRunner

from ingestion.sandbox.personas import (
    bad_payload,
    consenting_customer,
    duplicate_sender,
    hot_lead,
    merged_pair,
    old_conversion,
)
from orchestration.cli import app

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
UNNEEDED = shutil.ignore_patterns("target", "logs", "__pycache__")
HOT_LEAD = "hanna.hot@brightforge.io"
STATES = {
    "pending",
    "in_flight",
    "unknown",
    "delivered",
    "dead",
    "held",
    "cancelled",
    "superseded",
}
EXPORTED = {"position", "source", "event_key", "kind", "correlation_id", "body"}


@dataclass(frozen=True, slots=True)
class Delivered:
    """Leads came while the vendors were down, a batch queued what follows, the vendors came back,
    and the running service delivered."""

    installation: Installation
    sandbox: str
    run: Mapping[str, Any]
    status: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Copied:
    """A second home into which the first one's log was appended, with two bad lines in it."""

    installation: Installation
    lines: Sequence[bytes]
    returncode: int
    appended: Mapping[str, Any]
    again: Mapping[str, Any]


@pytest.fixture(scope="module")
def delivered(installation: Installation) -> Delivered:
    port = free_port()
    sandbox = f"http://127.0.0.1:{port}"
    installation.environment |= {"MILLRACE_HUBSPOT_URL": sandbox, "MILLRACE_META_URL": sandbox}
    service = installation.start_service(roles="gateway,dispatcher")
    now = stage(service)
    stories = (hot_lead, duplicate_sender, consenting_customer, merged_pair, old_conversion)
    play(service, [tell(now) for tell in (*stories, bad_payload)])
    run = installation.json("run")
    installation.start("sandbox", "--port", str(port), ready=f"{sandbox}/_state/hubspot")
    wait_until(lambda: _settled(installation), seconds=60, what="the service to deliver")
    return Delivered(installation, sandbox, run, installation.json("status"))


def _settled(installation: Installation) -> bool:
    deliveries = installation.json("status")["deliveries"]
    return not sum(deliveries[state] for state in ("pending", "in_flight", "unknown", "held"))


@pytest.fixture(scope="module")
def copied(delivered: Delivered, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copied]:
    second = Installation(tmp_path_factory.mktemp("second"), delivered.installation.parsed)
    second.environment |= {
        "MILLRACE_HUBSPOT_URL": "https://hubspot.invalid",
        "MILLRACE_META_URL": "https://meta.invalid",
    }
    lines = delivered.installation.millrace("log", "export").stdout.encode().splitlines(True)
    file = second.home / "events.jsonl"
    file.write_bytes(b"".join([lines[0], b'{"source": "typeform"}\n', b"no JSON\n", *lines[1:]]))
    first = second.millrace("log", "append", str(file), "--json", check=False)
    again = second.millrace("log", "append", str(file), "--json", check=False)
    yield Copied(
        second,
        lines,
        first.returncode,
        orjson.loads(first.stdout),
        orjson.loads(again.stdout),
    )
    second.stop()


def _commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, child in getattr(command, "commands", {}).items():
        yield from _commands(child, (*path, name))


@pytest.mark.parametrize("path", list(_commands(get_command(app))), ids=lambda path: " ".join(path))
def test_every_command_explains_itself(path: tuple[str, ...]) -> None:
    """`--help` of every command ends well and says what the command does."""
    result = CliRunner().invoke(app, [*path, "--help"])

    assert result.exit_code == 0
    assert "Usage" in result.output


def test_an_unknown_command_is_refused(installation: Installation) -> None:
    """A mistyped command ends with an exit code that is not 0, and no stack trace."""
    done = installation.millrace("runn", check=False)

    assert done.returncode != 0
    assert "Traceback" not in done.stderr


def test_the_service_delivers_what_a_batch_could_not(delivered: Delivered) -> None:
    """Rows that a batch could only queue are delivered by the service once the vendor answers."""
    contacts = sandbox_state(delivered.sandbox, "hubspot")["objects"]["contacts"]
    known = sorted(person_id for person_id, *_ in people(delivered.installation.home))

    assert {"DESTINATION_UNREACHABLE"} == {p["code"] for p in delivered.run["problems"]}
    assert delivered.run["deliveries"]["delivered"] == 0
    assert known == sorted(contact["properties"]["millrace_id"] for contact in contacts)
    assert len(sandbox_state(delivered.sandbox, "hubspot")["objects"]["tasks"]) == 1
    assert len(sandbox_state(delivered.sandbox, "meta")["objects"]["events"]) == 1


def test_status_keeps_its_keys(delivered: Delivered) -> None:
    """`status --json` has the keys that programs read, and both identities hold."""
    status = delivered.status

    assert status["accounting"]["events_balanced"] is True
    assert status["accounting"]["deliveries_balanced"] is True
    assert status["log"]["head"] > 0
    assert status["log"]["lag_seconds"] >= 0
    assert STATES <= set(status["deliveries"])


def test_a_publication_is_compared_with_the_fast_lane(delivered: Delivered) -> None:
    """The batch itself compares both lanes over what it has just published, and they agree."""
    lane = delivered.status["lane"]
    parity, reference = lane["parity"], lane["reference"]

    assert "warehouse/published: lane_parity" not in delivered.run["failed_checks"]
    assert (True, None, 0) == (parity["passed"], parity["code"], parity["found"])
    assert reference["published_at"] == parity["published_at"]
    assert reference["log_position"] == parity["log_position"] > 0
    assert reference["age_seconds"] > 0
    assert parity["people"] > 3
    assert parity["rows"] > 100


@pytest.mark.slow
def test_a_published_cell_that_is_wrong_fails_the_comparison(delivered: Delivered) -> None:
    """`lane parity` ends with code 1 and names model, column and person, and no value."""
    installation = delivered.installation
    published = installation.home / "published" / "warehouse.duckdb"
    intact = published.read_bytes()
    with duckdb.connect(str(published)) as copy:
        copy.execute("update marts.dim_people set last_name = 'Spoilt' where email = ?", [HOT_LEAD])
        [(person,)] = copy.execute(
            "select person_id from marts.dim_people where email = ?", [HOT_LEAD]
        ).fetchall()
    done = installation.millrace("lane", "parity", "--people", "50", "--json", check=False)
    published.write_bytes(intact)
    told = orjson.loads(done.stdout)

    assert 1 == done.returncode
    assert "LANE_PARITY" in done.stderr
    assert [("dim_people", "changed", "last_name", person)] == [
        (each["model"], each["what"], each["column"], each["person_id"])
        for each in told["differences"]
    ]
    assert "Spoilt" not in done.stdout + done.stderr
    assert "LANE_PARITY" == installation.json("status")["lane"]["parity"]["code"]
    assert installation.json("lane", "parity")["passed"]


@pytest.mark.slow
def test_a_preview_of_the_same_project_tells_of_nothing(delivered: Delivered) -> None:
    """The project that the batch itself built and published changes nothing, and no model is
    built: all figures are zero."""
    told = delivered.installation.json("preview")

    assert {0} == set(told["figures"].values())
    assert ([], None) == (told["built"]["models"], told["built"]["reason"])


@pytest.mark.slow
def test_a_preview_above_its_limit_fails_and_names_nobody(
    delivered: Delivered, tmp_path: Path
) -> None:
    """More points for a form make MQLs: told by id on the terminal and in markdown, with exit
    code 1 where they are more than allowed; no address, no name; the MQL there was stays."""
    installation = delivered.installation
    changed = shutil.copytree(PROJECT, tmp_path / "dbt_project", ignore=UNNEEDED)
    rules = changed / "seeds" / "score_rules.csv"
    rules.write_text(rules.read_text().replace("happened,,10,90,20", "happened,,60,90,60"))
    report = tmp_path / "report.md"
    limit = ("--fail-above", "mqls_gained=0,mqls_lost=0")
    done = installation.millrace(
        "preview", "--project-dir", str(changed), "--markdown", str(report), *limit, check=False
    )
    told = done.stdout + done.stderr + report.read_text()
    known = people(installation.home)

    assert 1 == done.returncode
    assert "PREVIEW_ABOVE_LIMIT" in done.stderr
    assert "mqls_gained is" in done.stderr
    assert "mqls_lost is" not in done.stderr
    assert report.read_text().startswith("### Preview of this change\n\n**Above the limit:**")
    assert any(person_id in told for person_id, *_ in known)
    assert [] == [value for value in personal(installation.home) if value in told]
    assert not (installation.home / "preview").exists()


def personal(home: Path) -> list[str]:
    """What must not be told of anybody."""
    with duckdb.connect(str(home / "published" / "warehouse.duckdb"), read_only=True) as copy:
        found = copy.execute(
            "select email, phone, first_name || ' ' || last_name from marts.dim_people"
        ).fetchall()
    return sorted({value for row in found for value in row if value})


def test_log_count_keeps_its_keys(delivered: Delivered) -> None:
    """`log count` tells how many events there are, by source."""
    told = delivered.installation.json("log", "count")

    assert told["count"] == delivered.status["log"]["head"]
    assert told["count"] == sum(told["by_source"].values())
    assert {"typeform", "hubspot", "millrace"} == set(told["by_source"])


def test_head_and_tail_show_both_ends_without_bodies(delivered: Delivered) -> None:
    """`log head` starts at the first event, `log tail` at the last; neither shows what they say."""
    first = delivered.installation.json("log", "head", "-n", "2")
    last = delivered.installation.json("log", "tail", "-n", "1")

    assert [1, 2] == [event["position"] for event in first]
    assert [delivered.status["log"]["head"]] == [event["position"] for event in last]
    assert {*EXPORTED, "received_at", "bytes"} - {"body"} == set(first[0])


def test_export_gives_every_event_as_a_json_line(copied: Copied, delivered: Delivered) -> None:
    """`log export` prints one JSON object a line, with the keys that programs read."""
    exported = [orjson.loads(line) for line in copied.lines]

    assert list(range(1, delivered.status["log"]["head"] + 1)) == [
        event["position"] for event in exported
    ]
    assert all(set(event) >= EXPORTED for event in exported)


def test_append_reports_bad_lines_and_takes_their_neighbours(copied: Copied) -> None:
    """Lines 2 and 3 of the file are no events: they are named, and all others are appended."""
    problems = [(found["line"], found["code"]) for found in copied.appended["problems"]]

    assert copied.returncode == 1
    assert problems == [(2, "LINE_INVALID"), (3, "LINE_INVALID")]
    assert all(found["remedy"] for found in copied.appended["problems"])
    assert len(copied.lines) == copied.appended["appended"]


def test_appending_a_file_again_adds_nothing(copied: Copied) -> None:
    """Every line that was appended before counts as a duplicate."""
    assert copied.again["appended"] == 0
    assert len(copied.lines) == copied.again["duplicates"]


@pytest.mark.slow
def test_an_appended_log_gives_the_same_people(copied: Copied, delivered: Delivered) -> None:
    """State is a function of the events: another home with the same log has the same people."""
    run = copied.installation.json("run")

    assert people(delivered.installation.home) == people(copied.installation.home)
    assert run["accounting"]["events_balanced"]


@pytest.mark.slow
def test_replay_appends_a_copy_under_a_replay_id(copied: Copied) -> None:
    """`log replay` appends the event once more; an unknown position is told, with exit code 1."""
    before = copied.installation.json("log", "count")["count"]

    told = copied.installation.json("log", "replay", "1")
    unknown = copied.installation.millrace("log", "replay", "999999", "--json", check=False)

    assert told["appended"] == 1
    assert told["replay_id"] in copied.installation.json("log", "tail", "-n", "1")[0]["event_key"]
    assert before + 1 == copied.installation.json("log", "count")["count"]
    assert unknown.returncode == 1
    assert "NOT_FOUND" in unknown.stderr


def test_why_finds_a_person_by_address_id_and_correlation(delivered: Delivered) -> None:
    """The same story is told by e-mail address, person id and correlation id."""
    by_email = delivered.installation.json("why", HOT_LEAD.upper())
    by_id = delivered.installation.json("why", by_email["person_id"])
    by_correlation = delivered.installation.json("why", by_email["events"][0]["correlation_id"])

    assert by_email["person"]["email"] == HOT_LEAD
    assert by_email["person"] == by_id["person"] == by_correlation["person"]
    assert ["create_note", "create_task", "upsert_contact"] == sorted(
        delivery["action"] for delivery in by_email["deliveries"]
    )
    assert {"delivered"} == {delivery["state"] for delivery in by_email["deliveries"]}


def test_why_reads_well_without_json(delivered: Delivered) -> None:
    """The story for people names the person, the score and what was done."""
    told = delivered.installation.millrace("why", HOT_LEAD).stdout

    assert "Hanna Hot" in told
    assert "score 80" in told
    assert "create_task" in told


def test_why_about_a_stranger_is_an_error(delivered: Delivered) -> None:
    """Nobody of that name: exit code 1, a code and a way out, the same on both streams."""
    done = delivered.installation.millrace("why", "stranger@nowhere.example", "--json", check=False)
    error = orjson.loads(done.stdout)["error"]

    assert done.returncode == 1
    assert error["code"] == "NOT_FOUND"
    assert error["remedy"]
    assert "NOT_FOUND" in done.stderr


@pytest.mark.slow
def test_a_dead_letter_can_be_shown_replayed_and_discarded(delivered: Delivered) -> None:
    """An expired purchase is listed and shown with payload and remedy; a replay brings it back as
    expired, picked out by id or by code; a discard with a reason takes it off the list, and the
    accounts stay true."""
    installation = delivered.installation
    (listed,) = installation.json("dlq", "list")
    number = str(listed["id"])

    shown = installation.json("dlq", "show", number)
    nothing = installation.json("dlq", "replay", "--code", "REFUSED")
    (replayed,) = installation.json("dlq", "replay", "--code", "EXPIRED", "--destination", "meta")
    neither = installation.millrace("dlq", "replay", check=False)
    wait_until(lambda: installation.json("dlq", "list") != [], seconds=20, what="it to expire")
    (discarded,) = installation.json("dlq", "discard", number, "--reason", "too old")

    assert ("dead", "EXPIRED") == (listed["state"], listed["code"])
    assert shown["remedy"]
    assert shown["payload"]["event_name"] == "Purchase"
    assert ([], 2) == (nothing, neither.returncode)
    assert replayed["state"] == "pending"
    assert ("cancelled", "DISCARDED") == (discarded["state"], discarded["code"])
    assert installation.json("dlq", "list") == []
    assert installation.json("status")["accounting"]["deliveries_balanced"]
    reasons = [entry["reason"] for entry in installation.json("dlq", "show", number)["audit"]]
    assert reasons[-1] == "too old"


@pytest.mark.slow
def test_only_dead_letters_can_be_replayed(delivered: Delivered) -> None:
    """An unknown id and a delivered row are refused, each with its own code."""
    installation = delivered.installation
    (contact, *_) = installation.json("why", HOT_LEAD)["deliveries"]

    unknown = installation.millrace("dlq", "show", "999999", check=False)
    refused = installation.millrace("dlq", "replay", str(contact["id"]), check=False)

    assert (unknown.returncode, refused.returncode) == (1, 1)
    assert "DELIVERY_NOT_FOUND" in unknown.stderr
    assert "NOT_A_DEAD_LETTER" in refused.stderr


@pytest.mark.slow
def test_activating_again_would_send_nothing_and_sends_nothing(delivered: Delivered) -> None:
    """The dry run after everything was delivered: each row unchanged, no request, no field that
    leaves; and so it is. A destination that does not exist is named."""
    installation = delivered.installation

    told = installation.json("activate", "--dry-run")
    done = installation.json("activate", "--destination", "hubspot")
    unknown = installation.millrace("activate", "--destination", "fax", check=False)

    tables = {"act_hubspot__contacts", "act_hubspot__tasks", "act_meta__conversions"}
    assert tables <= {each["table"] for each in told}
    assert tables <= {each["table"] for each in told if each["rows"]}
    assert {"unchanged"} == {row["change"] for each in told for row in each["rows"]}
    assert {(0, 0.0)} == {(each["requests"], each["minutes"]) for each in told}
    assert [] == [field for each in told for field in each["fields"]]
    assert ["hubspot"] == list(done["delivered"])
    assert 0 == done["delivered"]["hubspot"]["requests"]
    assert 0 == sum(each["inserted"] for each in done["enqueued"].values())
    assert 2 == unknown.returncode
    assert "fax" in unknown.stderr


def test_a_destination_can_be_stopped_and_started(delivered: Delivered) -> None:
    """The switch is seen by every command, tells who turned it and why, and turns back."""
    installation = delivered.installation

    stopped = installation.json("destinations", "stop", "meta", "--reason", "wrong dataset")
    again = installation.json("destinations", "stop", "meta", "--reason", "wrong dataset")
    listed = {each["name"]: each for each in installation.json("destinations", "list")}
    status = installation.json("status")
    started = installation.json("destinations", "start", "meta")
    after = {each["name"]: each for each in installation.json("destinations", "list")}

    assert (True, False, True) == (stopped["changed"], again["changed"], started["changed"])
    assert "switched off" == listed["meta"]["state"]
    assert "wrong dataset" in listed["meta"]["told"]
    assert ["meta"] == list(status["switched_off"])
    assert {"on"} == {each["state"] for each in after.values()}


def test_a_role_that_does_not_exist_is_named(installation: Installation) -> None:
    """`serve --roles` with a wrong word says which ones there are."""
    done = installation.millrace("serve", "--roles", "gateway,postman", check=False)

    assert done.returncode == 1
    assert "SETTING_INVALID" in done.stderr
    assert "dispatcher" in done.stderr


def test_sigterm_stops_the_service_at_once(tmp_path: Path) -> None:
    """Both roles end within seconds of SIGTERM, with exit code 0."""
    alone = Installation(tmp_path)
    alone.start_service(roles="gateway,dispatcher")
    (process,) = alone.processes
    alone.processes.clear()

    started = time.monotonic()
    process.send_signal(signal.SIGTERM)

    assert process.wait(timeout=60) == 0
    assert time.monotonic() - started < 5
