"""The parts of the warehouse that an incremental build works with, each a catalog of its own.

fresh    the new events and other copies of them: what depends on an event alone
part     every event of the people touched: what depends on a person
whole    the warehouse as it is going to be, as far as a reference model reads it
touched  which events and entities that are
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import perf_counter

import duckdb

from orchestration.errors import BuildFailedError
from orchestration.fast_lane.plan import Model, Plan, Scope
from orchestration.fast_lane.slice import Catalog, quoted
from orchestration.incremental import merge
from orchestration.incremental.closure import ENTITIES, LINKS, Closure
from orchestration.incremental.merge import Merged

STAGED = "int_staged_events"
REFUSED = "int_refused_events"
EVENTS = "base_raw__events"
PEOPLE = "int_record_people"
RAW = ("raw", "events")


class FullBuildNeededError(Exception):
    """No failure: what these events change cannot be told apart, or is too much of all there is.
    The message says which."""


class Parts:
    """Built once, step by step, for one incremental build."""

    def __init__(
        self,
        plan: Plan,
        warehouse: Catalog,
        touched: Catalog,
        fresh: Catalog,
        part: Catalog,
        whole: Catalog,
    ) -> None:
        self.plan = plan
        self.warehouse = warehouse
        self.touched = touched
        self.fresh = fresh
        self.part = part
        self.whole = whole
        self.seconds: dict[str, float] = {}
        self.columns = warehouse.columns()
        self.closure = Closure(plan, warehouse, touched)
        late = {
            model.name
            for model in plan.of(Scope.VALUE)
            if any(plan[name].scope is Scope.PERSON for name in plan.upstream([model.name]))
        }
        self.early = [
            model for model in plan.of(Scope.EVENT, Scope.VALUE) if model.name not in late
        ]
        self.late = [
            model
            for model in plan.of(Scope.VALUE, Scope.PERSON)
            if model.scope is Scope.PERSON or model.name in late
        ]
        needed = plan.upstream([model.name for model in self.late])
        self.references = [m for m in plan.of(Scope.REFERENCE) if m.name in needed]
        self._early_names = {model.name for model in self.early}
        self._link_names = plan.upstream([ENTITIES, LINKS])
        self._in_whole: set[str] = set()
        self._held = 0
        self._copies = False
        self._filled: dict[tuple[str, str], bool] = {}
        for model in plan.of(Scope.EVENT, Scope.PERSON):
            if not (model.is_view or model.carried_from):
                merge.keys_of(model, self.columns_of(model))

    # -- the new events ---------------------------------------------------------------------

    def take_new_events(self, position: int) -> int:
        """Note the events after a position; returns how many there are."""
        self._held = position
        events = quoted(self.warehouse.name, *RAW)
        self.touched.execute(
            f"create table renewed_position as select position as id from {events}"  # noqa: S608
            f" where position > {position:d}"
        )
        return self._count(self.touched, "renewed_position")

    def build_fresh(self) -> None:
        """What the new events say, each by itself; other copies of them are judged again."""
        self._fill_fresh()
        self._copies = self._add_copies()
        if self._copies:
            self.fresh.clear()
            self._fill_fresh()
        for model in self.late:
            if model.name in self._link_names:
                self._make(self.fresh, model)

    def check_copies(self) -> None:
        """A copy that took the place of another took away what that one said."""
        refused = self.plan[REFUSED]
        [(displaced,)] = self.warehouse.connection.execute(
            f"""
            select count(*) from {self.fresh.relation(refused)} as refused
            anti join {self.warehouse.relation(refused)} as held using (position)
            where refused.position <= {self._held:d}
            """  # noqa: S608  quoted
        ).fetchall()
        if displaced:
            raise FullBuildNeededError("a copy of an event took the place of another")

    def _fill_fresh(self) -> None:
        self._give_sources(self.fresh, "renewed_position")
        self._give_seeds(self.fresh)
        for model in self.references:
            self.fresh.define(model, f"from {self.warehouse.relation(model)}")
        for model in self.early:
            self._make(self.fresh, model)

    def _add_copies(self) -> bool:
        staged = self.plan[STAGED]
        before = self._count(self.touched, "renewed_position")
        self.touched.execute(
            f"""
            insert into renewed_position
            select position from {self.warehouse.relation(staged)}
            where vendor_id in (select vendor_id from {self.fresh.relation(staged)})
            """  # noqa: S608  quoted
        )
        return self._count(self.touched, "renewed_position") > before

    # -- whom they touch --------------------------------------------------------------------

    def find_touched(self) -> None:
        """The entities that the new events are about, and all that belongs together with them."""
        started = perf_counter()
        self.closure.prepare()
        self.closure.connect(self.fresh)
        self.closure.seed_all(self.fresh)
        self.closure.seed_positions("select id from touched.main.renewed_position")
        self.closure.spread()
        self._collect()
        self.seconds["(closure)"] = perf_counter() - started

    def _collect(self) -> None:
        self.closure.collect()
        events = self.warehouse.relation(self.plan[EVENTS])
        statements = [
            "create or replace table event as"  # noqa: S608  quoted
            f" select event_id as id from {events} where position in (select id from position)",
            "create or replace table renewed_event as"  # noqa: S608  quoted
            f" select event_id as id from {events}"
            " where position in (select id from renewed_position)",
        ]
        self.touched.execute(";".join(statements))

    def _name_kinds(self) -> None:
        """One table of ids for each kind of entity that marks rows."""
        kinds = {kind for _, kind in merge.KEYS}
        kinds |= {kind for model in self.plan.models for kind in model.keys.values()}
        for kind in sorted(kinds - {"position", "event"}):
            self.touched.execute(
                f"create or replace table {quoted(kind)} as"  # noqa: S608  quoted
                f" select entity_id as id from nodes where entity_type = '{kind}'"
            )

    def touched_people(self) -> tuple[int, int]:
        """How many of how many people, as the warehouse knows them, the build will touch."""
        people = self.warehouse.relation(self.plan[PEOPLE])
        [(touched, every)] = self.warehouse.connection.execute(
            f"""
            select
                count(distinct person_id) filter (
                    record_id in (
                        select entity_id from touched.main.nodes where entity_type = 'record'
                    )
                ),
                count(distinct person_id)
            from {people}
            """  # noqa: S608  quoted
        ).fetchall()
        return int(touched), int(every)

    # -- their rows -------------------------------------------------------------------------

    def build_slice(self, check: Callable[[], None]) -> None:
        """Every model of people over all events of the people touched. What the models find may
        touch more people: then again, with these; `check` may raise to give up before that."""
        while True:
            check()
            if self._build_links() and self._build_rest():
                return self._name_kinds()
            self.part.clear()
            self.whole.clear()
            self._filled = {key: any_ for key, any_ in self._filled.items() if key[0] != "part"}
            self._in_whole.clear()

    def _build_links(self) -> bool:
        self._give_sources(self.part, "position")
        self._give_seeds(self.part)
        for model in self.early:
            self._make_early(model)
        if not self._build(self._link_names):
            return False
        self.closure.seed_all(self.part)
        complete = self._is_complete()
        if complete:
            self._name_kinds()
            self._check_carried()
        return complete

    def _check_carried(self) -> None:
        """What is carried over stands while it is held by as many as before: else it is judged
        anew, among all who hold it."""
        for model in self.late:
            if not model.carried_from or not model.held_in:
                continue
            carried, holding = self.plan[model.carried_from], self.plan[model.held_in]
            [(column, kind), *_] = merge.keys_of(holding, self.columns_of(holding))
            using = ", ".join(map(quoted, carried.unique))
            [(lost,)] = self.warehouse.connection.execute(
                f"""
                select count(*)
                from {self.warehouse.relation(holding)} as held
                semi join {self.warehouse.relation(carried)} as carried using ({using})
                anti join {self.part.relation(holding)} as made using ({using}, {quoted(column)})
                where held.{quoted(column)} in (select id from touched.main.{quoted(kind)})
                """  # noqa: S608  quoted
            ).fetchall()
            if lost:
                raise FullBuildNeededError(f"something that {carried.name} lists lost a holder")

    def _build_rest(self) -> bool:
        return self._build({model.name for model in self.plan.models} - self._link_names)

    def _build(self, names: set[str]) -> bool:
        """Models of people and what they refer to; whether nobody else turned out to be touched."""
        for model in self.plan.models:
            if model.name not in names:
                continue
            if model in self.references:
                self._build_reference(model)
                if not self._is_complete():
                    return False
            elif model in self.late:
                self._make(self.part, model)
        return True

    def _is_complete(self) -> bool:
        before = self._count(self.touched, "position")
        if not self.closure.spread():
            return True
        self._collect()
        return self._count(self.touched, "position") == before

    def _make_early(self, model: Model) -> None:
        """In the slice: what the warehouse holds of these events, and the fresh rows. Whatever
        several models read is made once; a branch without rows is left out, for the planner."""
        make = self.part.copy if self._readers(model) > 1 else self.part.define
        if model.is_view:
            make(model, model.sql)
        elif model.scope is Scope.VALUE:
            make(model, self._with_fresh_values(model))
        else:
            make(model, self._with_fresh_events(model))

    def _with_fresh_events(self, model: Model) -> str:
        held, fresh = self.warehouse.relation(model), self.fresh.relation(model)
        if not self.has_rows(self.warehouse, model):
            return f"from {fresh}"
        keys = merge.keys_of(model, self.columns_of(model))
        kept = f"select held.* from {held} as held where {merge.is_touched(keys, 'held')}"  # noqa: S608
        if self._copies:
            kept += f" and not {merge.is_touched(self._renewed(keys), 'held')}"
        if not self.has_rows(self.fresh, model):
            return kept
        return f"{kept} union all by name from {fresh}"

    def _readers(self, model: Model) -> int:
        """How many tables of the slice are made from it, directly or through views."""
        found: set[str] = set()
        waiting = [model.name]
        while waiting:
            name = waiting.pop()
            for reader in self.plan.readers(name):
                if reader.name in found or reader.scope in (Scope.REFERENCE, Scope.GLOBAL):
                    continue
                if reader.is_view:
                    waiting.append(reader.name)
                elif reader in self.late:
                    found.add(reader.name)
        return len(found)

    def _with_fresh_values(self, model: Model) -> str:
        return (
            f"select * from {self.warehouse.relation(model)} union all by name "  # noqa: S608
            + merge.missing_values(model, self.warehouse, self.fresh)
        )

    @staticmethod
    def _renewed(keys: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        return [(column, f"renewed_{kind}") for column, kind in keys]

    # -- reference models -------------------------------------------------------------------

    def _build_reference(self, model: Model) -> None:
        """Over the warehouse as it will be; whoever reads a row that changed is touched too."""
        self._name_kinds()
        self._give_whole(model.name)
        self.part.define(model, f"from {self.whole.relation(model)}")
        changed = f"select * from {self.whole.relation(model)}"  # noqa: S608  quoted
        held = f"select * from {self.warehouse.relation(model)}"  # noqa: S608  quoted
        self.touched.execute(
            "create or replace table changed as"
            f" (({changed} except {held}) union all ({held} except {changed}))"
        )
        if not self._count(self.touched, "changed"):
            return
        if model.touches is None:
            raise FullBuildNeededError(
                f"{model.name} changed and its meta.touches does not say whom that touches"
            )
        for touch in model.touches:
            self._seed_touch(touch.model, touch.on, undecided=touch.undecided)

    def _seed_touch(self, name: str, on: tuple[tuple[str, str], ...], *, undecided: bool) -> None:
        reader = self.plan[name]
        [(column, kind), *_] = merge.keys_of(reader, self.columns_of(reader))
        same = [f"reading.{quoted(one)} = changed.{quoted(other)}" for one, other in on]
        where = " and ".join([*same, *(["not reading.is_decided"] if undecided else [])])
        self.closure.seed(
            f"""
            select distinct '{kind}', reading.{quoted(column)}
            from {self.warehouse.relation(reader)} as reading
            cross join touched.main.changed as changed
            where {where or "true"}
            """  # noqa: S608  quoted
        )

    def _give_whole(self, name: str) -> None:
        """Define a relation in `whole`, after all that it reads; a reference model is built."""
        if name in self._in_whole:
            return None
        self._in_whole.add(name)
        model = next((each for each in self.plan.models if each.name == name), None)
        if model is None:  # a source
            return self._define_source(self.whole, name)
        if model.scope is Scope.SEED:
            return self.whole.define(model, f"from {self.warehouse.relation(model)}")
        if model.is_view or model.scope is Scope.REFERENCE:
            for read in model.reads:
                self._give_whole(read)
            return self._make(self.whole, model)
        return self.whole.define(model, self._merged(model))

    def _merged(self, model: Model) -> str:
        if model.scope is Scope.VALUE:
            made = self.fresh if model.name in self._early_names else self.part
            return (
                f"select * from {self.warehouse.relation(model)} union all by name "  # noqa: S608
                + merge.missing_values(model, self.warehouse, made)
            )
        keys = merge.keys_of(model, self.columns_of(model))
        made = self.part
        if model.scope is Scope.EVENT:
            keys, made = self._renewed(keys), self.fresh
        return (
            f"select held.* from {self.warehouse.relation(model)} as held"  # noqa: S608  quoted
            f" where not coalesce({merge.is_touched(keys, 'held')}, false)"
            f" union all by name from {made.relation(model)}"
        )

    # -- for the merge ----------------------------------------------------------------------

    def columns_of(self, model: Model) -> list[str]:
        return self.columns[self._key(model)]

    def replace_renewed(self, model: Model) -> Merged:
        """The rows of the new events, and those of their copies anew."""
        keys = self._renewed(merge.keys_of(model, self.columns_of(model)))
        return merge.replace_rows(model, self.warehouse, self.fresh, keys)

    @property
    def position(self) -> int:
        """The last event of the build."""
        [(position,)] = self.touched.connection.execute(
            "select coalesce(max(id), 0) from touched.main.renewed_position"
        ).fetchall()
        return max(int(position), self._held)

    def touched_events(self) -> int:
        return self._count(self.touched, "position")

    def has_rows(self, catalog: Catalog, model: Model) -> bool:
        """Whether a model has any rows there; asked once."""
        key = (catalog.name, model.name)
        if key not in self._filled:
            found = catalog.connection.execute(f"from {catalog.relation(model)} limit 1")
            self._filled[key] = bool(found.fetchall())
        return self._filled[key]

    # -- making relations -------------------------------------------------------------------

    def _make(self, catalog: Catalog, model: Model) -> None:
        """By the model's own SQL, or what a slice holds in its stead."""
        started = perf_counter()
        try:
            if model.carried_from:
                carried = self.warehouse.relation(self.plan[model.carried_from])
                columns = ", ".join(map(quoted, self.columns_of(model)))
                catalog.define(model, f"select {columns} from {carried}")  # noqa: S608  quoted
            elif model.is_view and catalog is self.fresh:
                catalog.copy(model)  # a few rows: planning a view again and again costs more
            elif model.is_view:
                catalog.define(model)
            else:
                catalog.fill(model, like=self.warehouse)
        except duckdb.Error as error:
            # The message may hold values of the rows: it is not repeated.
            raise BuildFailedError(
                f"Model {model.name} failed over the people touched ({type(error).__name__}).",
                remedy="Run `millrace run --full`: dbt tells more.",
            ) from error
        key = f"{model.name} ({catalog.name})"
        self.seconds[key] = self.seconds.get(key, 0.0) + perf_counter() - started

    def _give_seeds(self, catalog: Catalog) -> None:
        for model in self.plan.of(Scope.SEED):
            catalog.define(model, f"from {self.warehouse.relation(model)}")

    def _give_sources(self, catalog: Catalog, positions: str) -> None:
        for name in self._sources():
            self._define_source(catalog, name, positions)

    def _define_source(self, catalog: Catalog, name: str, positions: str | None = None) -> None:
        schema, table = name.split(".", 1)
        select = f"from {quoted(self.warehouse.name, schema, table)}"
        if positions is not None and (schema, table) == RAW:
            select += f" where position in (select id from touched.main.{positions})"  # noqa: S608  our own names
            if catalog is self.fresh:
                return catalog.fill_raw(schema, table, select)
        return catalog.define_raw(schema, table, select)

    def _sources(self) -> list[str]:
        names = {model.name for model in self.plan.models}
        return sorted({read for m in self.plan.models for read in m.reads} - names)

    @staticmethod
    def _key(model: Model) -> str:
        return f"{model.schema}.{model.table}"

    @staticmethod
    def _count(catalog: Catalog, table: str) -> int:
        [(rows,)] = catalog.connection.execute(
            f"select count(*) from {quoted(catalog.name, 'main', table)}"  # noqa: S608  quoted
        ).fetchall()
        return int(rows)
