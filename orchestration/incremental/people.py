"""The people whom the new events touch: all their events, and every model of people over these."""

from __future__ import annotations

from collections.abc import Callable

from orchestration.fast_lane.plan import Model, Scope
from orchestration.fast_lane.slice import quoted
from orchestration.incremental import merge
from orchestration.incremental.closure import ENTITIES, LINKS, Closure
from orchestration.incremental.fresh import Fresh
from orchestration.incremental.whole import Whole
from orchestration.incremental.workspace import EVENTS, PEOPLE, FullBuildNeededError, Workspace


class People:
    """First `find`, then `build`."""

    def __init__(self, workspace: Workspace, fresh: Fresh) -> None:
        self.space = workspace
        self.fresh = fresh
        self.closure = Closure(workspace.plan, workspace.warehouse, workspace.touched)
        self.whole = Whole(workspace, self.closure)
        self._links = workspace.plan.upstream([ENTITIES, LINKS])

    def find(self, besides: str | None = None) -> None:
        """The entities that the new events are about, and all that belongs together with them;
        `besides` is a query for the type and id of more."""
        with self.space.timed("(closure)"):
            self.closure.prepare()
            self.closure.connect(self.space.fresh)
            if besides:
                self.closure.seed(besides)
            self.closure.seed_all(self.space.fresh)
            self.closure.seed_positions("select id from touched.main.renewed_position")
            self.closure.spread()
            self._collect()

    def count(self) -> tuple[int, int]:
        """How many of how many people, as the warehouse knows them, are touched."""
        [(touched, every)] = self.space.warehouse.connection.execute(
            f"""
            select
                count(distinct person_id)
                filter (record_id in (select id from touched.main.record)),
                count(distinct person_id)
            from {self.space.warehouse.relation(self.space.plan[PEOPLE])}
            """
        ).fetchall()
        return int(touched), int(every)

    def build(self, check: Callable[[], None]) -> None:
        """Every model of people over all events of the people touched. What the models find may
        touch more people: then again, with these; `check` may raise to give up before that."""
        check()
        while not self._is_built():
            check()
            self.space.clear(self.space.part)
            self.whole.clear()

    def _is_built(self) -> bool:
        """False where it turned out that somebody else is touched too."""
        space = self.space
        space.give_sources(space.part, "position")
        space.give_seeds(space.part)
        for model in space.early:
            self._make_early(model)
        if not self._build(self._links):
            return False
        self.closure.seed_all(space.part)
        if not self._is_complete():
            return False
        self._check_carried()
        return self._build({model.name for model in space.plan.models} - self._links)

    def _build(self, names: set[str]) -> bool:
        for model in self.space.plan.models:
            if model.name not in names:
                continue
            if model in self.space.references:
                self.whole.build(model)
                if not self._is_complete():
                    return False
            elif model in self.space.late:
                self.space.make(self.space.part, model)
        return True

    def _is_complete(self) -> bool:
        before = self.space.count("position")
        if not self.closure.spread():
            return True
        self._collect()
        return self.space.count("position") == before

    def _collect(self) -> None:
        """The events of the entities reached, and the ids that mark rows of theirs."""
        space = self.space
        self.closure.collect()
        events = space.warehouse.relation(space.plan[EVENTS])
        kinds = {kind for _, kind in merge.KEYS}
        kinds |= {kind for model in space.plan.models for kind in model.keys.values()}
        for kind in sorted(kinds - {"event"}):
            space.touched.execute(
                f"create or replace table {quoted(kind)} as"
                f" select entity_id as id from nodes where entity_type = '{kind}'"
            )
        for name in ("", "renewed_"):
            space.touched.execute(
                f"create or replace table {name}event as select event_id as id from {events}"
                f" where position in (select id from {name}position)"
            )

    def _check_carried(self) -> None:
        """What is carried over stands while it is held by as many as before: else it is judged
        anew, among all who hold it."""
        space = self.space
        for model in space.late:
            if not model.carried_from or not model.held_in:
                continue
            carried, holding = space.plan[model.carried_from], space.plan[model.held_in]
            [(column, kind), *_] = space.keys_of(holding)
            using = ", ".join(map(quoted, carried.unique))
            [(lost,)] = space.warehouse.connection.execute(
                f"""
                select count(*)
                from {space.warehouse.relation(holding)} as held
                semi join {space.warehouse.relation(carried)} as carried using ({using})
                anti join {space.part.relation(holding)} as made using ({using}, {quoted(column)})
                where held.{quoted(column)} in (select id from touched.main.{quoted(kind)})
                """
            ).fetchall()
            if lost:
                raise FullBuildNeededError(f"something that {carried.name} lists lost a holder")

    # -- what depends on events alone: from the warehouse, and from the fresh rows

    def _make_early(self, model: Model) -> None:
        """Whatever several models read is copied once, but for the log: each reads little of it."""
        part = self.space.part
        with self.space.timed(f"{model.name} (part)"):
            if model.name != EVENTS and self._readers(model) > 1:
                part.copy(model, self._early(model))
            else:
                part.define(model, self._early(model))

    def _early(self, model: Model) -> str:
        space = self.space
        if model.is_view:
            return model.sql
        held, fresh = space.warehouse.relation(model), space.fresh.relation(model)
        if model.scope is Scope.VALUE:
            missing = merge.missing_values(model, space.warehouse, space.fresh)
            return f"from {held} union all by name {missing}"
        # A branch without rows is left out: planning it in every statement costs more.
        if not space.has_rows(space.warehouse, model):
            return f"from {fresh}"
        kept = f"select held.* from {held} as held where "
        kept += merge.is_touched(space.keys_of(model), "held")
        if self.fresh.has_copies:
            kept += f" and not {merge.is_touched(space.renewed_keys_of(model), 'held')}"
        return (
            f"{kept} union all by name from {fresh}" if space.has_rows(space.fresh, model) else kept
        )

    def _readers(self, model: Model) -> int:
        """How many tables of the slice are made from it, directly or through views."""
        found: set[str] = set()
        waiting = [model.name]
        while waiting:
            for reader in self.space.plan.readers(waiting.pop()):
                if reader.is_view and reader.scope in (Scope.EVENT, Scope.PERSON):
                    waiting.append(reader.name)
                elif reader in self.space.late:
                    found.add(reader.name)
        return len(found)
