"""Law 3 for the fast lane: person by person, in memory, it makes the rows of a full build."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from dbt_builders import RawEvent
from dbt_histories import history
from dbt_lab import Lab, compiled_plan, laboratory
from dbt_story import every_event
from dbt_warehouse import Warehouse
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.sources.parts import SCHEMA
from orchestration.destinations import NAMES, effects
from orchestration.fast_lane.plan import Plan, Scope
from orchestration.lane_parity.compare import compare
from orchestration.lane_parity.outcome import Compared, Difference
from orchestration.lane_parity.sample import Limits

Ready = tuple[Plan, dict[str, object]]

EVERYBODY = Limits(people=1_000_000, events=1_000_000)


@pytest.fixture(scope="module")
def ready(warehouse: Warehouse) -> Ready:
    return compiled_plan(warehouse), dict(warehouse.seeds())


@dataclass(frozen=True, slots=True)
class Published:
    """A copy of what was built of some events, as the batch lane publishes one."""

    plan: Plan
    file: Path

    def compared(self, limits: Limits = EVERYBODY) -> Compared:
        """With what the fast lane makes of the same events."""
        told = [each for each in effects(NAMES) if self.plan[each.table].scope is Scope.PERSON]
        with closing(duckdb.connect()) as log:
            log.execute("set TimeZone = 'UTC'")
            log.register("kept", self._query("from raw.events"))
            return compare(
                self.plan, told, self.file, lambda positions: _events(log, positions), limits
            )

    def change(self, sql: str) -> None:
        with closing(duckdb.connect(str(self.file))) as connection:
            connection.execute(sql)

    def one(self, sql: str) -> str:
        """The only value of the first row."""
        return str(self._query(sql).column(0)[0].as_py())

    def _query(self, sql: str) -> pa.Table:
        with closing(duckdb.connect(str(self.file), read_only=True)) as connection:
            return connection.execute(sql).to_arrow_table()


def _events(log: duckdb.DuckDBPyConnection, positions: Sequence[int]) -> pa.Table:
    columns, listed = ", ".join(SCHEMA.names), ", ".join(map(str, positions))
    found = log.execute(f"select {columns} from kept where position in ({listed})")
    return found.to_arrow_table().cast(SCHEMA)


def publish(ready: Ready, events: list[RawEvent], file: Path) -> Published:
    """Build all of these events and copy the warehouse."""
    with laboratory(*ready) as lab:
        lab.add(events)
        lab.build()
        _copy(lab, file)
    return Published(ready[0], file)


def _copy(lab: Lab, file: Path) -> None:
    lab.connection.execute(f"attach '{file}' as copy")
    lab.connection.execute("copy from database memory to copy")
    lab.connection.execute("detach copy")


@pytest.fixture(scope="module")
def published(ready: Ready, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """A small history; tests leave it as they found it."""
    return publish(ready, history(11, 40), tmp_path_factory.mktemp("small") / "copy.duckdb")


def test_the_story_person_by_person(ready: Ready, tmp_path: Path) -> None:
    """Each person of the story by itself has the rows that the build of all gives it."""
    events = [event for event in every_event() if len(event.body or "") < 100_000]
    random.Random(6).shuffle(events)  # noqa: S311  # reproducible, no secret
    compared = publish(ready, events, tmp_path / "copy.duckdb").compared()

    assert () == compared.differences
    assert compared.is_whole
    assert compared.slices > 10
    assert len(events) == compared.events


@pytest.mark.slow
@settings(max_examples=8)
@given(st.integers(0, 10_000_000), st.integers(40, 200))
def test_random_histories_person_by_person(
    ready: Ready, tmp_path_factory: pytest.TempPathFactory, seed: int, size: int
) -> None:
    """The same for late events, merges, unlinks, replays, variants, decisions and answers."""
    file = tmp_path_factory.mktemp("copy") / "copy.duckdb"
    compared = publish(ready, history(seed, size), file).compared()

    assert () == compared.differences
    assert compared.slices > 3


def test_a_sample_is_compared_with_its_own_rows_alone(published: Published) -> None:
    """Of a few people everything is compared that is published of them, and nothing of others."""
    few = published.compared(Limits(people=3, events=1_000))

    assert () == few.differences
    assert not few.is_whole
    assert 0 < few.slices <= 3 <= few.people
    assert few.rows > few.models
    assert few == published.compared(Limits(people=3, events=1_000))


def test_who_has_too_many_events_is_left_out(published: Published) -> None:
    """A check takes a bounded number of events, and tells whom it did not look at for that."""
    compared = published.compared(Limits(people=1_000, events=5))

    assert compared.events <= 5
    assert compared.left_out > 0
    assert () == compared.differences


@pytest.mark.parametrize("limits", [EVERYBODY, Limits(people=2, events=30)])
def test_one_broken_cell_is_found(published: Published, limits: Limits) -> None:
    """Model, column and person are named, and classes in the place of values; whoever was touched
    last is in every sample."""
    person = published.one(
        """
        select people.person_id
        from intermediate.int_record_people as people
        inner join intermediate.int_contact_events as events using (record_id)
        order by events.position desc
        limit 1
        """
    )
    shift = "update marts.dim_people set last_seen_at = last_seen_at {} interval 1 hour"
    whose = f"where person_id = '{person}'"
    published.change(f"{shift.format('+')} {whose}")
    compared = published.compared(limits)
    published.change(f"{shift.format('-')} {whose}")

    assert 1 == compared.found
    assert not compared.passed
    assert compared.differences == (
        Difference("dim_people", "changed", "last_seen_at", person, "datetime", "datetime"),
    )


def test_a_row_that_only_one_lane_has_is_found(published: Published) -> None:
    """What the lane makes besides, and what it does not make, with whose row it is."""
    published.change(
        """
        create table gone as
        from marts.fct_activities order by activity_id limit 1;
        delete from marts.fct_activities where activity_id in (select activity_id from gone);
        insert into marts.fct_activities
        select * replace ('made up' as activity_id) from gone
        """
    )
    person = published.one("select person_id from gone")
    compared = published.compared()
    published.change(
        """
        delete from marts.fct_activities where activity_id = 'made up';
        insert into marts.fct_activities from gone;
        drop table gone
        """
    )

    assert {("missing", person), ("too_many", person)} == {
        (each.what, each.person_id) for each in compared.differences
    }
    assert {"fct_activities"} == {each.model for each in compared.differences}
