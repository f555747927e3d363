"""The rows of a sample on both sides: made by the fast lane's engines, and published."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

import pyarrow as pa
from duckdb import DuckDBPyConnection

from ingestion.contracts import ContractSet
from ingestion.event_log import EventLog
from ingestion.sources.parts import SCHEMA, to_table
from orchestration.fast_lane.engines import Engines
from orchestration.fast_lane.plan import Model
from orchestration.fast_lane.shape import split
from orchestration.fast_lane.slice import Catalog, quoted
from orchestration.incremental import merge
from orchestration.lane_parity.sample import Component

Events = Callable[[Component], pa.Table]
"""Positions → these events, as raw.events has them."""

HELD: Final = "temp.main.held_rows"
MADE: Final = "temp.main.made_rows"

# Entities that rows are about: what the events name themselves, and what belongs to these records.
_IDS: Final = """
    create temp table told as
    select entity_type, entity_id
    from intermediate.int_event_entities
    where position in (select id from touched.main.position);

    create temp table id as
    select entity_type, entity_id from told
    union
    select linked_type as entity_type, linked_id as entity_id
    from intermediate.int_entity_links
    where
        entity_type = 'record'
        and entity_id in (select entity_id from told where entity_type = 'record')
    union
    select 'event' as entity_type, event_id as entity_id
    from staging.base_raw__events
    where position in (select id from touched.main.position)
"""
_PERSON: Final = {
    "record": "select person_id from intermediate.int_record_people where record_id = ?",
    "event": "select person_id from intermediate.int_event_people where event_id = ?",
    "position": """
        select people.person_id
        from intermediate.int_event_people as people
        inner join staging.base_raw__events as events on people.event_id = events.event_id
        where events.position = ?
    """,
    "opportunity": "select person_id from marts.fct_opportunities where opportunity_id = ?",
}


def of_log(log: EventLog, contracts: ContractSet) -> Events:
    """Events as the fast lane reads them."""

    def events(positions: Component) -> pa.Table:
        found = log.rows_at(positions)
        return to_table(found, contracts) if found else SCHEMA.empty_table()

    return events


def slices(
    engines: Engines, components: Iterable[Component], events: Events, models: Mapping[str, Model]
) -> dict[str, list[pa.Table]]:
    """Build each component for itself; model → the rows of all of them."""
    made: dict[str, list[pa.Table]] = {}
    for positions in components:
        for name, rows in _sliced(engines, events(positions), models):
            made.setdefault(name, []).append(rows)
    return made


def _sliced(
    engines: Engines, events: pa.Table, models: Mapping[str, Model]
) -> Iterator[tuple[str, pa.Table]]:
    kinds = split(events)
    engine = engines.get(frozenset(kinds))
    with engine.slice(kinds):
        engine.run(engine.links)
        engine.run(engine.rest)
        for step in (*engine.links, *engine.rest):
            if step.model.name in models:
                relation = engine.catalog.relation(step.model)
                rows = engine.connection.execute(f"from {relation}").to_arrow_table()
                if rows.num_rows:
                    yield step.model.name, rows


class Published:
    """The published copy, of which rows are looked up; `positions`: of the events that they are
    about, None for all. `kinds`: of entities that rows are marked by."""

    def __init__(
        self, held: Catalog, positions: Sequence[int] | None, kinds: Iterable[str]
    ) -> None:
        self._held = held
        self._is_whole = positions is None
        if positions is not None:
            self._find(positions, kinds)

    @property
    def connection(self) -> DuckDBPyConnection:
        return self._held.connection

    def columns(self, model: Model) -> list[str]:
        found = self.connection.execute(f"from {self._held.relation(model)} limit 0")
        return [column[0] for column in found.description or []]

    def lay(self, model: Model, made: Sequence[pa.Table]) -> int:
        """Lay its published rows of these events and of whom they are about beside those that were
        made, as HELD and MADE; how many are published."""
        relation, execute = self._held.relation(model), self.connection.execute
        whose = "true"
        if not self._is_whole:
            whose = merge.is_touched(merge.keys_of(model, self.columns(model)), "held")
        execute(f"create or replace temp table held_rows as from {relation} as held where {whose}")
        execute(f"create or replace temp table made_rows as from {relation} limit 0")
        if made:
            self.connection.register("arriving", pa.concat_tables(made))
            execute(f"insert into {MADE} by name from arriving")
            self.connection.unregister("arriving")
        return self._count(HELD)

    def people(self) -> int:
        """How many people the rows are about."""
        whose = "" if self._is_whole else "where record_id in (select id from touched.main.record)"
        return self._count(
            f"(select distinct person_id from intermediate.int_record_people {whose})"
        )

    def person(self, model: Model, row: Mapping[str, object]) -> str | None:
        """Whose row it is, where it is anybody's."""
        if row.get("person_id"):
            return str(row["person_id"])
        keys = merge.keys_of(model, self.columns(model))
        column, kind = next((key for key in keys if row[key[0]] is not None), keys[0])
        if kind not in _PERSON:
            return None
        found = self.connection.execute(_PERSON[kind], [row[column]]).fetchall()
        return min((person for (person,) in found if person), default=None)

    def _count(self, relation: str) -> int:
        [(rows,)] = self.connection.execute(f"select count(*) from {relation}").fetchall()
        return int(rows)

    def _find(self, positions: Sequence[int], kinds: Iterable[str]) -> None:
        execute = self.connection.execute
        execute("attach ':memory:' as touched")
        execute(
            "create table touched.main.position as select unnest(cast(? as bigint[])) as id",
            [list(positions)],
        )
        execute(_IDS)
        for kind in kinds:
            execute(
                f"create table touched.main.{quoted(kind)} as"
                " select entity_id as id from id where entity_type = ?",
                [kind],
            )
