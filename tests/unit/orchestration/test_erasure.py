"""An erasure goes on where it was stopped, and ends with a proof that names nobody."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from ingestion.event_log import NewEvent
from ingestion.event_log.erasure import proofs
from ingestion.pulls import Found
from ingestion.pulls.state import Place, PullState
from orchestration import connections
from orchestration.erasure import stores as erasure_stores
from orchestration.erasure.plan import Plan
from orchestration.erasure.run import Request, erase, preview
from orchestration.errors import ErasureIncompleteError, NotFoundError
from orchestration.settings import Settings

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ADA = "ada@erased.example"
REQUEST = Request(ADA, "dpo")
STEPS = ("Looking", "Emptying events", "Writing archive", "Forgetting kept", "Forgetting what",
         "Emptying the ledger", "Building", "Searching")  # fmt: skip


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return furnish(Settings(home=tmp_path / "home", _env_file=None))  # type: ignore[call-arg]


def furnish(made: Settings) -> Settings:
    """Two people's events, and a line about one of them."""
    with closing(connections.event_log(made)) as log:
        log.append([event("a", ADA), event("b", "bob@kept.example")])
    (made.home / "logs").mkdir()
    (made.home / "logs" / "batch.log").write_text(f"first line of {ADA}\nsecond line\n")
    return made


def event(key: str, email: str, source: str = "typeform") -> NewEvent:
    body = orjson.dumps({"event_type": "form_response", "email": email})
    return NewEvent(source, key, "webhook", NOW, body, {}, f"c-{key}")


def run(settings: Settings, progress: Callable[[str], None] = lambda _step: None) -> dict[str, Any]:
    """Without a warehouse: that it is built anew is a matter of the acceptance tests."""
    return erase(
        settings, REQUEST, clock=lambda: NOW, progress=progress, build=lambda *_arguments: None
    )


def files_with(settings: Settings, text: str) -> list[Path]:
    return [
        path
        for path in settings.home.rglob("*")
        if path.is_file() and text.encode() in path.read_bytes()
    ]


def test_nothing_is_left_but_a_proof(settings: Settings) -> None:
    """One event emptied, one line masked, one decision; the neighbours are as they were."""
    proof = run(settings)
    assert [] == files_with(settings, ADA)
    assert 1 == proof["counts"]["events_emptied"]
    assert 1 == proof["files_masked"]
    assert "second line\n" in (settings.home / "logs" / "batch.log").read_text()
    with closing(connections.event_log(settings)) as log:
        [decision] = proofs(log)
        assert "bob@kept.example" in log.at([2])[0].body.decode()
    assert proof["identifiers"] == orjson.loads(decision.body)["identifiers"]
    assert proof == orjson.loads(
        (settings.home / "erasures" / f"{proof['erasure_id']}.json").read_bytes()
    )


def test_what_a_restore_set_aside_is_named_and_how_to_remove_it(tmp_path: Path) -> None:
    """In the home and beside files that stand elsewhere; the erasure ends once it is gone."""
    made = furnish(
        Settings(home=tmp_path / "home", warehouse=tmp_path / "w.duckdb", _env_file=None)
    )  # type: ignore[call-arg]
    inside = made.home / "before-restore-20260301T110000"
    inside.mkdir()
    beside = tmp_path / f"w.duckdb.{inside.name}"
    for path in (inside / "event_log.sqlite", beside):
        path.write_bytes(b"\0" + ADA.encode() + b"\0")
    told = preview(made, REQUEST, progress=lambda _step: None)
    assert f"{inside}, {beside}" == told["set_aside_by_restores"]
    with pytest.raises(ErasureIncompleteError) as refused:
        run(made)
    assert f"rm -r {inside} {beside}`" in refused.value.remedy
    shutil.rmtree(inside)
    beside.unlink()
    assert [] == run(made)["left"]


@pytest.mark.parametrize("step", STEPS)
def test_a_stopped_erasure_is_finished(settings: Settings, step: str) -> None:
    """Whatever step the process dies at, the same command finishes: one id, one decision."""

    def crash(told: str) -> None:
        if told.startswith(step):
            raise Crash

    with pytest.raises(Crash):
        run(settings, crash)
    pending = list(settings.home.glob("erasures/pending/*.plan"))
    assert all(0o600 == stat.S_IMODE(path.stat().st_mode) for path in pending)
    proof = run(settings)
    assert [] == files_with(settings, ADA)
    assert [] == list(settings.home.glob("erasures/pending/*"))
    assert 1 == proof["counts"]["events_emptied"]
    assert [] == [path for path in pending if path.stem != proof["erasure_id"]]
    with closing(connections.event_log(settings)) as log:
        assert 1 == len(proofs(log))


def test_what_was_noted_of_pulls_is_forgotten(settings: Settings) -> None:
    """Of the person's own objects; of others it stays."""
    place = Place("stripe", "customer", "acct_1")
    mine, other = (Found(key, None, {"id": key}) for key in ("cus_ada", "cus_bob"))
    plan = replace(_plan(), identifiers=(("stripe_customer_id", "cus_ada"),))
    with closing(connections.event_log(settings)) as log:
        state = PullState(log)
        state.first_seen(place, [mine, other], NOW)
        assert {"pulled_objects": 1} == erasure_stores.pulls(log, plan)
        assert {"pulled_objects": 0} == erasure_stores.pulls(log, plan)
        later = NOW + timedelta(hours=1)
        assert {"cus_ada": later, "cus_bob": NOW} == state.first_seen(place, [mine, other], later)


def _plan() -> Plan:
    empty: dict[str, Any] = dict.fromkeys(
        ("persons", "spellings", "identifiers", "whole", "mentions"), ()
    )
    return Plan("er_1", ADA, "dpo", NOW, "salt", **empty, counts={})


def test_done_is_told(settings: Settings) -> None:
    """A second request gets the first one's proof; after new data it is an erasure of its own,
    under the same salt."""
    first = run(settings)
    assert {**first, "already_erased": True} == run(settings)
    with closing(connections.event_log(settings)) as log:
        log.append([event("later", ADA)])
    second = run(settings)
    assert first["erasure_id"] != second["erasure_id"]
    assert first["identifiers"] == second["identifiers"]


def test_new_data_during_an_erasure_stays(settings: Settings) -> None:
    """What arrives after the decision is new data, and no reason to fail."""

    def meanwhile(told: str) -> None:
        if told.startswith("Building"):
            with closing(connections.event_log(settings)) as log:
                log.append([event("meanwhile", ADA)])

    assert [] == run(settings, meanwhile)["left"]


def test_what_cannot_be_masked_is_named(settings: Settings) -> None:
    """A file of another kind is told, and the erasure is not called done."""
    other = settings.home / "export.parquet"
    other.write_bytes(b"\x00" + ADA.upper().encode())
    with pytest.raises(ErasureIncompleteError, match=r"export\.parquet"):
        run(settings)
    other.unlink()
    assert [] == run(settings)["left"]


def test_a_preview_changes_nothing(settings: Settings) -> None:
    """--dry-run tells what there is."""
    told = preview(settings, REQUEST, progress=lambda _step: None)
    assert (1, 0, 2) == (
        told["events_to_empty"], told["events_to_mask"], told["events_no_batch_has_seen"],
    )  # fmt: skip
    assert files_with(settings, ADA)


def test_nobody_is_not_found(settings: Settings) -> None:
    """An address that nothing names is told as such."""
    nobody = Request("nobody@nowhere.example", "dpo")
    with pytest.raises(NotFoundError):
        preview(settings, nobody, progress=lambda _step: None)
    with pytest.raises(NotFoundError):
        erase(settings, nobody, clock=lambda: NOW, progress=lambda _step: None,
              build=lambda *_arguments: None)  # fmt: skip
