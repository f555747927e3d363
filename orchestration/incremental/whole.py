"""Reference models over the warehouse as it is going to be, and whom their changes touch."""

from __future__ import annotations

from orchestration.fast_lane.plan import Model, Scope
from orchestration.fast_lane.slice import quoted
from orchestration.fast_lane.touches import Touch
from orchestration.incremental import merge
from orchestration.incremental.closure import Closure
from orchestration.incremental.workspace import FullBuildNeededError, Workspace


class Whole:
    """Relations are defined when something needs them; only reference models are computed."""

    def __init__(self, workspace: Workspace, closure: Closure) -> None:
        self.space = workspace
        self.closure = closure
        self._given: set[str] = set()

    def build(self, model: Model) -> None:
        """A reference model; whoever depends on a row that changed is touched too.

        Raises FullBuildNeededError when nobody says who that is.
        """
        space = self.space
        self._give(model.name)
        space.part.define(model, f"from {space.whole.relation(model)}")
        new, held = f"from {space.whole.relation(model)}", f"from {space.warehouse.relation(model)}"
        space.touched.execute(
            f"""
            create or replace table changed as
            (({new}) except ({held})) union all (({held}) except ({new}))
            """
        )
        if not space.count("changed"):
            return
        if model.touches is None:
            raise FullBuildNeededError(f"{model.name} changed, and its meta.touches names nobody")
        for touch in model.touches:
            self._touch(touch)

    def clear(self) -> None:
        self.space.clear(self.space.whole)
        self._given.clear()

    def _touch(self, touch: Touch) -> None:
        reader = self.space.plan[touch.model]
        [(column, kind), *_] = self.space.keys_of(reader)
        same = [f"reading.{quoted(one)} = changed.{quoted(other)}" for one, other in touch.on]
        where = [*same, *(["not reading.is_decided"] if touch.undecided else [])]
        self.closure.seed(
            f"""
            select distinct '{kind}', reading.{quoted(column)}
            from {self.space.warehouse.relation(reader)} as reading
            cross join touched.main.changed as changed
            where {" and ".join(where) or "true"}
            """
        )

    def _give(self, name: str) -> None:
        """Define a relation after all that it reads."""
        if name in self._given:
            return
        self._given.add(name)
        space = self.space
        if name in space.plan.sources():
            space.whole.define_source(name, space.warehouse)
            return
        model = space.plan[name]
        if model.scope is Scope.SEED:
            space.borrow(space.whole, model)
        elif model.is_view or model.scope is Scope.REFERENCE:
            for read in model.reads:
                self._give(read)
            space.make(space.whole, model)
        else:
            space.whole.define(model, self._merged(model))

    def _merged(self, model: Model) -> str:
        """The rows that stay, and those that come."""
        space = self.space
        made = space.fresh if model in space.early else space.part
        if model.scope is Scope.VALUE:
            missing = merge.missing_values(model, space.warehouse, made)
            return f"from {space.warehouse.relation(model)} union all by name {missing}"
        early = model.scope is Scope.EVENT
        keys = space.renewed_keys_of(model) if early else space.keys_of(model)
        return f"""
            select held.* from {space.warehouse.relation(model)} as held
            where not coalesce({merge.is_touched(keys, "held")}, false)
            union all by name from {made.relation(model)}
        """
