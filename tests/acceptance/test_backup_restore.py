"""A home that was lost comes back from a backup that was made while the service took webhooks."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from acceptance_play import play, stage
from harness import Installation, sandbox_state

from dbt_project.functions.register import register
from ingestion.sandbox.personas import consenting_customer, duplicate_sender, hot_lead, merged_pair
from orchestration.fast_lane.slice import quoted

pytestmark = pytest.mark.slow

STORIES = (hot_lead, duplicate_sender, consenting_customer, merged_pair)
# When something was built or loaded; the reports on deliveries tell what the ledger says now.
OF_THE_RUN = ("built_at", "loaded_at", "dbt_updated_at")
COLUMNS = """
    select table_schema || '.' || table_name, list(column_name order by column_name)
    from information_schema.columns
    where table_schema in ('staging', 'intermediate', 'marts', 'activation')
      and table_name not like 'rpt_%' and table_name not like '%deliver%'
      and not list_contains($1, column_name)
    group by all
"""
Tables = dict[str, dict[tuple[Any, ...], int]]


@dataclass(frozen=True, slots=True)
class Story:
    """What the tables held at the backup and after the restore, what the CRM held when the home
    was lost and after everything was delivered again, and what the commands said."""

    before: Tables
    rebuilt: Tables
    held: Mapping[str, Any]
    held_after: Mapping[str, Any]
    backup: Mapping[str, Any]
    restored: Mapping[str, Any]
    status: Mapping[str, Any]


@pytest.fixture(scope="module")
def story(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("backups") / "nightly"
    sandbox = installation.start_sandbox()
    service = installation.start_service()
    now = stage(service)
    cast = [tell(now) for tell in STORIES]
    play(service, cast)
    installation.millrace("destinations", "stop", "hubspot", "--reason", "a full queue")
    installation.json("run")
    installation.json("run", "--full")  # with the decisions of the first
    before = tables(installation.home)
    with posting(service, cast):
        backup = installation.json("backup", str(folder))
    installation.millrace("destinations", "start", "hubspot")
    installation.json("activate")
    held = sandbox_state(sandbox, "hubspot")["objects"]

    sandbox_process, *others = installation.processes
    installation.processes = others
    installation.stop()
    installation.processes = [sandbox_process]
    installation.home.rename(installation.home.with_name("lost"))
    installation.home.mkdir()
    restored = installation.json("restore", str(folder))
    if installation.parsed:
        installation.parsed.give(installation.home)
    installation.json("run", "--full")
    rebuilt = tables(installation.home)
    installation.millrace("destinations", "start", "hubspot")
    installation.json("activate")
    return Story(
        before,
        rebuilt,
        held,
        sandbox_state(sandbox, "hubspot")["objects"],
        backup,
        restored,
        installation.json("status"),
    )


class posting:  # noqa: N801  reads as what it does
    """Senders repeat themselves all the while, which the log counts: it is written to."""

    def __init__(self, service: str, cast: list[Any]) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._post, args=(service, cast))

    def _post(self, service: str, cast: list[Any]) -> None:
        while not self._stop.is_set():
            play(service, cast)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_exception: object) -> None:
        self._stop.set()
        self._thread.join()


def tables(home: Path) -> Tables:
    """Every row of what the models made, and how often it is there."""
    with duckdb.connect(str(home / "published" / "warehouse.duckdb"), read_only=True) as copy:
        register(copy)  # what views call
        return dict(_tables(copy))


def _tables(copy: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, dict[tuple[Any, ...], int]]]:
    for name, columns in copy.execute(COLUMNS, [list(OF_THE_RUN)]).fetchall():
        named = ", ".join(f"{quoted(column)}::varchar" for column in columns)
        rows = copy.execute(f"select {named}, count(*) from {name} group by all").fetchall()
        yield name, {row[:-1]: row[-1] for row in rows}


def test_the_warehouse_is_built_again_cell_by_cell(story: Story) -> None:
    """Every table that the models make holds the same rows as before the home was lost."""
    assert story.before.keys() == story.rebuilt.keys()
    assert len(story.before["marts.dim_people"]) > 2
    differing = {
        name: sorted(story.before[name].items() ^ story.rebuilt[name].items())[:2]
        for name in story.before
        if story.before[name] != story.rebuilt[name]
    }
    assert {} == differing


def test_nothing_is_delivered_again(story: Story) -> None:
    """What was sent after the backup is found in the CRM: each object is there once."""
    assert story.held["contacts"]
    assert story.restored["read_back"] > 0
    assert {kind: len(there) for kind, there in story.held.items()} == {
        kind: len(there) for kind, there in story.held_after.items()
    }


def test_both_accounts_are_balanced_after_it(story: Story) -> None:
    """Nothing is queued any more, and nothing disappeared."""
    assert story.status["accounting"]["events_balanced"]
    assert story.status["accounting"]["deliveries_balanced"]
    states = story.status["deliveries"]
    assert not sum(states[state] for state in ("pending", "in_flight", "unknown"))


def test_the_backup_ends_where_the_ledger_had_been(story: Story) -> None:
    """Its log holds all that its ledger acted on."""
    assert story.backup["log"]["head"] >= story.backup["ledger"]["acted_on"] > 0
