"""Rows that break the activation contract: who sees them, and how they go on."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from orchestration import activation, connections
from orchestration.cli import app
from orchestration.destinations import HUBSPOT
from orchestration.quality import activation_contracts
from orchestration.quality.expectations import Contract, not_null
from orchestration.settings import Settings
from reverse_etl.ledger import Ledger
from reverse_etl.model import ActivationRow, State
from reverse_etl.reports import EnqueueReport
from reverse_etl.testing import NOON, contact

# Of libraries, where a contract is checked.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

CONTACTS = next(each for each in HUBSPOT.effects if each.action == "upsert_contact")
LEAVING = activation_contracts.BY_TABLE[CONTACTS.table]
PROMISED = {
    CONTACTS.table: Contract(
        "activation",
        "activation",
        LEAVING.table,
        ("entity_key",),
        LEAVING.columns,
        (not_null("payload_hash"), *LEAVING.rules),
    )
}


def person(number: int, email: str) -> ActivationRow:
    payload = {"properties": {"email": email, "millrace_id": str(number), "lifecyclestage": "lead"}}
    text = json.dumps(payload, sort_keys=True)
    return replace(contact(number), payload=text, payload_hash=f"{number:064x}")


def enqueue(ledger: Ledger, *rows: ActivationRow) -> EnqueueReport:
    """What a batch does with an activation table that holds these rows."""
    with duckdb.connect() as copy:
        copy.execute("create schema raw; create schema activation")
        copy.execute("create table raw.events as select 1 as position")
        blank = asdict(contact(0, deadline_at=NOON, external_id="", consent_id=""))
        copy.register("told", pa.Table.from_pylist([blank, *map(asdict, rows)]))
        copy.execute(f"create table activation.{CONTACTS.table} as from told offset 1")
        told, _ = activation.enqueue(
            ledger, copy, CONTACTS, contracts=PROMISED, approve_above={}, asks={}, now=NOON
        )
    return told


def test_a_payload_that_is_no_json_is_held_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Text that cannot be read, a list, and a row that is there twice or lacks what the ledger
    needs stop nobody; each is held once, and can be looked at."""
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path))
    half, listed = replace(person(2, ""), payload="{"), replace(person(3, ""), payload="[]")
    twice = person(4, "nowhere")
    bare = replace(person(5, "e@e.io"), payload_hash=None)  # type: ignore[arg-type]
    with closing(connections.ledger(Settings(home=tmp_path))) as ledger:
        told = enqueue(ledger, person(1, "a@a.io"), half, listed, twice, twice, bare)
        held = {row["entity_key"].rpartition("-")[2]: row["message"] for row in review_queue()}
        shown = [ledger.dead_letters.show(each.id) for each in ledger.dead_letters.list()]

    assert EnqueueReport(inserted=1, held=4) == told
    assert "payload is a JSON object" in held["2"]
    assert "payload is a JSON object" in held["3"]
    assert "breaks regex(email)" == held["4"]
    assert "breaks not_null(payload_hash)" == held["5"]
    assert {} in [each.delivery.body for each in shown]


def review_queue() -> list[dict[str, Any]]:
    asked = ["dlq", "list", "--state", "held", "--code", "CONTRACT_VIOLATION", "--json"]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    return list(json.loads(done.stdout))


def test_a_broken_row_is_reviewed_and_its_neighbours_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row is held under the names of the rules it breaks, without what it holds; mended in the
    data, the next batch lets it go and nobody has to do anything."""
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path))
    with closing(connections.ledger(Settings(home=tmp_path))) as ledger:
        first = enqueue(ledger, person(1, "ada@example.com"), person(2, "not an address"))
        [held] = review_queue()
        mended = replace(person(2, "bob@example.com"), payload_hash=f"{3:064x}")
        second = enqueue(ledger, person(1, "ada@example.com"), mended)
        waiting = {row.entity_key: row.message for row in ledger.find(states=[State.PENDING])}

        assert EnqueueReport(inserted=1, held=1) == first
        assert ("held", "breaks regex(email)") == (held["state"], held["message"])
        assert "not an address" not in json.dumps(held)
        assert EnqueueReport(inserted=1, unchanged=1, superseded=1) == second
        assert dict.fromkeys([person(1, "").entity_key, mended.entity_key]) == waiting
        assert [] == review_queue()
