"""Events that are read again, and erasures whose configuration names nobody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from ingestion.event_log import EventLog, NewEvent
from orchestration import connections, replays
from orchestration.erasure import requests as erasing
from orchestration.erasure.run import Request
from orchestration.errors import NotFoundError, PersonInConfigError, SettingError
from orchestration.settings import Settings

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FIRST = NOON.date()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


@pytest.fixture
def log(settings: Settings) -> Iterator[EventLog]:
    with closing(connections.event_log(settings)) as log:
        log.append(
            [
                event("before", NOON - DAY),
                event("first", NOON - timedelta(hours=12)),  # midnight belongs to the day it opens
                event("noon", NOON),
                event("other", NOON, source="stripe"),
                event("decided", NOON, kind="decision", source="millrace"),
                event("after", NOON + timedelta(hours=12)),
            ]
        )
        yield log


def event(key: str, at: datetime, *, kind: Any = "webhook", source: str = "shop") -> NewEvent:
    return NewEvent(source, key, kind, at, key.encode(), {}, "c")


def copies(log: EventLog) -> list[str]:
    keys = (found.event_key for found in log.read(limit=100))
    return [key.rpartition(":")[2] for key in keys if key.startswith("replay:")]


def test_a_day_is_read_again_once_under_one_replay_id(log: EventLog) -> None:
    """From midnight to midnight in UTC, without decisions; the same id again adds nothing, and a
    second replay does not copy copies."""
    done = replays.replay_days(log, FIRST, FIRST, source="", replay_id="r1", now=NOON)
    assert (3, 3, 0) == (done.chosen, done.appended, done.left_out)
    assert ["first", "noon", "other"] == copies(log)
    again = replays.replay_days(log, FIRST, FIRST, source="", replay_id="r1", now=NOON)
    assert (3, 0, 3) == (again.chosen, again.appended, again.left_out)
    other = replays.replay_days(log, FIRST, FIRST, source="stripe", replay_id="r2", now=NOON)
    assert (1, 1) == (other.chosen, other.appended)


def test_positions_are_read_again_by_source(log: EventLog) -> None:
    """A range of the log, of one source; decisions stay what they are."""
    done = replays.replay_positions(log, range(1, 7), source="shop", replay_id="r1", now=NOON)
    assert 4 == done.appended
    with pytest.raises(NotFoundError):
        replays.replay_positions(log, [5], replay_id="r2", now=NOON)
    with pytest.raises(NotFoundError):
        replays.replay_days(log, FIRST - 9 * DAY, FIRST - 8 * DAY, source="", replay_id="r3",
                            now=NOON)  # fmt: skip


def test_a_run_that_is_tried_again_keeps_its_replay_id() -> None:
    """Its process may have died half-way: what it copied is there already."""
    first = dg.DagsterRun("backfill", run_id="0123456789abcdef")
    again = dg.DagsterRun(
        "backfill", run_id="f" * 16, root_run_id=first.run_id, parent_run_id=first.run_id
    )
    assert "0123456789ab" == replays.id_of(first) == replays.id_of(again)


class Erased:
    """Stands in for an erasure; notes who was asked for."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.who = error, ""

    def __call__(self, _settings: Settings, request: Request, **_: Any) -> dict[str, Any]:
        self.who = request.who
        if self.error:
            raise self.error
        return {"erasure_id": "er_1", "identifiers": ["secret-hash"], "counts": {"events": 3}}


def erase(settings: Settings, person_id: str = "", ref: str = "") -> dict[str, Any]:
    return erasing.erase(
        settings, person_id=person_id, ref=ref, requested_by="dagster", progress=lambda _: None
    )


def test_an_address_in_the_configuration_is_refused(settings: Settings) -> None:
    """It would be kept with the run; so would naming nobody, or two."""
    with pytest.raises(PersonInConfigError):
        erase(settings, person_id="ada@example.com")
    for both in ({}, {"person_id": "p", "ref": "f"}):
        with pytest.raises(SettingError):
            erase(settings, **both)


def test_an_address_comes_from_a_file_that_is_removed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read from one folder only, and what is shown of the proof names nobody."""
    asked = Erased()
    monkeypatch.setattr(erasing.erasure, "erase", asked)
    folder = settings.home / erasing.FOLDER
    folder.mkdir()
    (folder / "case-7").write_text("ada@example.com\n")
    (settings.home / "elsewhere").write_text("grace@example.com")

    assert {"erasure_id": "er_1", "events": 3} == erase(settings, ref="case-7")
    assert "ada@example.com" == asked.who
    assert not (folder / "case-7").exists()
    with pytest.raises(NotFoundError):
        erase(settings, ref="../elsewhere")


def test_a_failed_erasure_does_not_name_the_person(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dagster keeps errors with their causes: the address is in neither."""
    folder = settings.home / erasing.FOLDER
    folder.mkdir()
    (folder / "case-7").write_text("ada@example.com")
    error = NotFoundError("Nobody and nothing is known as ada@example.com.")
    monkeypatch.setattr(erasing.erasure, "erase", Erased(error))
    with pytest.raises(NotFoundError) as told:
        erase(settings, ref="case-7")
    assert "ada" not in str(told.value)
    assert told.value.__suppress_context__
