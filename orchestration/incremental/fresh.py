"""The new events, each by itself, and other copies of them, which are judged again with them."""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.fast_lane.plan import Scope
from orchestration.incremental import merge
from orchestration.incremental.closure import ENTITIES, LINKS
from orchestration.incremental.merge import Merged
from orchestration.incremental.workspace import FullBuildNeededError, Workspace

STAGED = "int_staged_events"
REFUSED = "int_refused_events"


@dataclass(frozen=True, slots=True)
class Fresh:
    """`after`: the last position that is built in; `count`: events behind it; `last`: the last of
    them; `has_copies`: whether events that are built in are judged again."""

    workspace: Workspace
    after: int
    count: int
    last: int
    has_copies: bool

    def merge(self, model_name: str) -> Merged:
        """Into the warehouse: the rows of the new events, and those of their copies anew."""
        space = self.workspace
        model = space.plan[model_name]
        if model.scope is Scope.VALUE:
            return merge.add_values(model, space.warehouse, space.fresh)
        keys = space.renewed_keys_of(model) if self.has_copies else None
        return merge.replace_rows(model, space.warehouse, space.fresh, keys)


def build_fresh(space: Workspace, after: int) -> Fresh:
    """Take the events after a position and build what they say.

    Raises FullBuildNeededError when a copy took the place of another: what that one said is gone.
    """
    space.touched.execute(
        f"""
        create table renewed_position as
        select position as id from {space.warehouse.source("raw.events")}
        where position > {after:d}
        """
    )
    count = space.count("renewed_position")
    _build_early(space)
    has_copies = _add_copies(space)
    if has_copies:
        space.clear(space.fresh)
        _build_early(space)
        _check_copies(space, after)
    _build_links(space)
    [(last,)] = space.touched.connection.execute(
        "select coalesce(max(id), 0) from touched.main.renewed_position"
    ).fetchall()
    return Fresh(space, after, count, max(int(last), after), has_copies)


def _build_early(space: Workspace) -> None:
    space.give_sources(space.fresh, "renewed_position")
    space.give_seeds(space.fresh)
    for model in space.early:
        space.make(space.fresh, model)


def _build_links(space: Workspace) -> None:
    """Whom the new events would name if they were all: a first guess at who is touched."""
    needed = space.plan.upstream([ENTITIES, LINKS])
    for model in space.references:
        space.borrow(space.fresh, model)
    for model in space.late:
        if model.name in needed:
            space.make(space.fresh, model)


def _add_copies(space: Workspace) -> bool:
    staged = space.plan[STAGED]
    before = space.count("renewed_position")
    space.touched.execute(
        f"""
        insert into renewed_position
        select position from {space.warehouse.relation(staged)}
        where vendor_id in (select vendor_id from {space.fresh.relation(staged)})
        """
    )
    return space.count("renewed_position") > before


def _check_copies(space: Workspace, after: int) -> None:
    refused = space.plan[REFUSED]
    [(displaced,)] = space.warehouse.connection.execute(
        f"""
        select count(*) from {space.fresh.relation(refused)} as refused
        anti join {space.warehouse.relation(refused)} as held using (position)
        where refused.position <= {after:d}
        """
    ).fetchall()
    if displaced:
        raise FullBuildNeededError("a copy of an event took the place of another")
