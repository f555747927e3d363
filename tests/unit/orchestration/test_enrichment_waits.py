"""Enrichment first, as the setting and the batch lane have it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pyarrow as pa
import pytest

from orchestration import activation, connections, destinations, status, why
from orchestration.activation import admission
from orchestration.destinations import APOLLO, HUBSPOT, Effect
from orchestration.quality import activation_contracts
from orchestration.quality.expectations import Contract
from orchestration.settings import Settings
from reverse_etl.ledger import Ledger
from reverse_etl.model import ActivationRow, State
from reverse_etl.testing import NOON, contact, question

# Of libraries, where a contract is checked.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

LIMIT = timedelta(seconds=20)
LOOPBACK = "http://127.0.0.1:9"
[ASKED] = APOLLO.effects
CONTACTS = next(each for each in HUBSPOT.effects if each.action == "upsert_contact")
CODE = "AWAITING_ENRICHMENT"
PROMISED = {
    table: Contract(
        "activation", "activation", table, ("entity_key",), leaving.columns, leaving.rules
    )
    for table, leaving in activation_contracts.BY_TABLE.items()
}


def settings(home: Path, **changes: Any) -> Settings:
    told: dict[str, Any] = {
        "destinations": ("hubspot", "apollo"),
        "enrichment_first_seconds": LIMIT.total_seconds(),
        "apollo": {"url": LOOPBACK},
    }
    return Settings(home=home, **{**told, **changes})


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(connections.ledger(settings(tmp_path))) as ledger:
        yield ledger


@contextmanager
def published(
    position: int, **tables: Sequence[ActivationRow]
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy as of this position, with these activation tables."""
    with duckdb.connect() as copy:
        copy.execute("create schema raw; create schema activation")
        copy.execute(f"create table raw.events as select {position} as position")
        for table, rows in tables.items():
            found = [asdict(row) for row in rows]
            blank = asdict(contact(0, deadline_at=NOON, external_id="", consent_id=""))
            copy.register("told", pa.Table.from_pylist([blank, *found]))
            copy.execute(f"create table activation.{table} as from told offset 1")
            copy.unregister("told")
        yield copy


def enqueue(ledger: Ledger, copy: duckdb.DuckDBPyConnection, effect: Effect) -> None:
    asks = {APOLLO.name: LIMIT}
    activation.enqueue(
        ledger, copy, effect, contracts=PROMISED, approve_above={}, asks=asks, now=NOON
    )


def codes(ledger: Ledger) -> list[str | None]:
    pending = [State.PENDING]
    return [row.code for row in ledger.find(destination="hubspot", states=pending)]


def test_who_can_answer_is_waited_for(tmp_path: Path) -> None:
    """Destinations that ask, are on and have credentials; nobody by default."""
    assert {"apollo": LIMIT} == activation.asks(settings(tmp_path))
    nobody = ({"enrichment_first_seconds": 0}, {"destinations": ("hubspot",)}, {"apollo": {}})
    assert [{}, {}, {}] == [activation.asks(settings(tmp_path, **each)) for each in nobody]
    assert 0 == Settings(home=tmp_path).enrichment_first_seconds
    assert {"apollo", "peopledatalabs"} == {
        each.name for each in destinations.DESTINATIONS if each.asks
    }


def test_questions_themselves_wait_for_nothing() -> None:
    """Only the other tables do, and none when the setting is off."""
    asks = {APOLLO.name: LIMIT}
    told = [admission(each, {}, {}, asks) for each in (ASKED, CONTACTS)]
    assert [(LIMIT, False), (None, True)] == [(each.asks, each.waits) for each in told]
    off = admission(CONTACTS, {}, {}, {})
    assert (None, False) == (off.asks, off.waits)


def test_a_batch_records_questions_before_what_waits(ledger: Ledger) -> None:
    """Whichever destination's job comes first: contacts wait, and go with the copy that knows the
    answer."""
    rich = contact(1, properties={"jobtitle": "VP Operations"})
    with published(
        4, act_apollo__people=[question(1)], act_hubspot__contacts=[contact(1), contact(2)]
    ) as copy:
        enqueue(ledger, copy, CONTACTS)
        assert [CODE, None] == codes(ledger)
        enqueue(ledger, copy, ASKED)
        assert 1 == len(ledger.find(destination="apollo"))
    with published(5, act_apollo__people=[], act_hubspot__contacts=[rich, contact(2)]) as copy:
        enqueue(ledger, copy, CONTACTS)
    assert [None, None] == codes(ledger)


def test_what_waits_is_told(tmp_path: Path, ledger: Ledger) -> None:
    """`millrace status` counts it by its reason, `millrace why` says what to do and until when."""
    with published(4, act_apollo__people=[question(1)], act_hubspot__contacts=[contact(1)]) as copy:
        enqueue(ledger, copy, CONTACTS)
    assert {CODE: 1} == status.take_status(settings(tmp_path), now=NOON)["waiting"]
    with closing(connections.event_log(settings(tmp_path))) as log:
        log.append([_arrived()])
    told = why.why(settings(tmp_path), contact(1).correlation_id)["deliveries"]
    waiting = [(row["code"], row["due_at"]) for row in told if row["destination"] == "hubspot"]
    assert [(CODE, NOON + LIMIT)] == waiting


def _arrived() -> Any:
    from ingestion.event_log import NewEvent

    return NewEvent("typeform", "1", "webhook", NOON, b"{}", {}, contact(1).correlation_id)


def test_a_push_starts_when_waiting_is_over(
    tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sensor asks for a run although no publication has anything new: somebody has to send
    what waited."""
    from orchestration.defs.operations import sensors

    told = {
        "MILLRACE_HOME": str(tmp_path),
        "MILLRACE_DESTINATIONS": "hubspot,apollo",
        "MILLRACE_APOLLO_URL": LOOPBACK,
        "MILLRACE_ENRICHMENT_FIRST_SECONDS": "20",
    }
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    one = [contact(1)]
    with published(4, act_apollo__people=[question(1)], act_hubspot__contacts=one) as copy:
        enqueue(ledger, copy, CONTACTS)
    publication = tmp_path / "published" / "publication.json"
    publication.parent.mkdir()
    publication.write_text(f'{{"published_at": "{NOON}", "log_position": 4, "digests": {{}}}}')
    sensor = sensors.push_sensor(HUBSPOT)
    with dg.DagsterInstance.ephemeral() as instance:

        def targets() -> str:
            context = dg.build_sensor_context(instance=instance)
            found = sensor(context)
            assert isinstance(found, dg.SensorResult)
            return str(found.cursor)

        [row] = ledger.find(code=CODE)
        assert f'|{row.id}"' in targets()  # its time limit passed years ago
        ledger.dead_letters.discard([_dead(ledger)], who="test", now=NOON, reason="test")
        assert f'|{row.id}"' not in targets()


def _dead(ledger: Ledger) -> int:
    """The row, once it can be given up."""
    ledger.hold("hubspot", NOON + LIMIT)
    [row] = ledger.find(destination="hubspot")
    return row.id
