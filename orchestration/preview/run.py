"""Carries out a preview: pin, compile, build what differs, compare, tell."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from duckdb import DuckDBPyConnection

from orchestration import dbt, routing_config
from orchestration.errors import PreviewBuildError
from orchestration.fast_lane.plan import Plan, read_plan
from orchestration.fast_lane.slice import Catalog
from orchestration.preview import deliveries, differences, people, project, selection, sides
from orchestration.preview.base import Base, pin
from orchestration.preview.decided import settle
from orchestration.preview.outcome import Built, ModelChange, Report
from orchestration.preview.selection import Selection
from orchestration.scoring import rules
from orchestration.settings import Settings

Progress = Callable[[str], None]

ASKED_FOR = "it was asked for (--full)"
FUNCTIONS = "the Python functions that models call are others, or nobody noted what they were"


@dataclass(frozen=True, slots=True)
class Question:
    """`source`: the changed dbt project; `published`: the copy to compare with; `full`: build
    everything, whatever differs; `keep`: leave the files where they are."""

    source: Path
    published: Path
    full: bool = False
    keep: bool = False


def run(settings: Settings, question: Question, *, now: datetime, progress: Progress) -> Report:
    """The change's blast radius.

    Raises WarehouseMissingError, SettingError, PreviewBuildError, PlanError, and what the checks
    of score rules and routing raise.
    """
    started = perf_counter()
    _check(question.source)
    with _folder(settings, question.keep) as folder:
        made = _build(settings, question, folder, progress)
        progress("Comparing rows, and telling what follows")
        with sides.opened(published=made.base.warehouse, preview=made.warehouse) as connection:
            parts = _compared(connection, made)
            parts["deliveries"] = deliveries.following(
                connection,
                settings,
                made.built.models,
                folder,
                now=now,
                as_of=made.base.log_position,
            )
        kept = folder if question.keep else None
    return Report(**parts, seconds=round(perf_counter() - started, 1), kept=kept)


def _check(source: Path) -> None:
    """What production checks before each build; raises what its checks do."""
    project.ensure(source)
    try:
        rules.ensure_sound(source / "seeds")
        routing_config.check(source / "seeds")
    except FileNotFoundError as error:
        raise PreviewBuildError(f"The seed {Path(error.filename).name} is missing.") from error


@dataclass(frozen=True, slots=True)
class _Made:
    """Both sides, ready to be compared, and the statements that made them."""

    base: Base
    warehouse: Path
    held: Plan
    plan: Plan
    built: Built
    newer: int


def _build(settings: Settings, question: Question, folder: Path, progress: Progress) -> _Made:
    base = pin(question.published, folder)
    changed = project.prepare(settings, question.source, folder, base.warehouse)
    progress("Compiling the changed project (dbt)")
    manifest = changed.compile()
    held, plan = read_plan(base.manifest, "published"), read_plan(manifest, "changed")
    chosen = selection.select(base.manifest, manifest, _everything(question, base))
    newer = settle(settings, base, held, progress)
    sides.lay(changed.warehouse, base.warehouse, plan, chosen.names)
    warned: tuple[str, ...] = ()
    if chosen.names:
        progress(_told(chosen, plan))
        warned = changed.build(chosen.names)
    gone = tuple(selection.missing(base.manifest, manifest))
    built = Built(chosen.names, len(plan.models), gone, chosen.reason, warned)
    return _Made(base, changed.warehouse, held, plan, built, newer)


def _compared(connection: DuckDBPyConnection, made: _Made) -> dict[str, Any]:
    """Every part of a report that the two sides alone tell."""
    changes = _changes(connection, made.held, made.plan, made.built)
    return {
        "published_at": made.base.published_at,
        "log_position": made.base.log_position,
        "newer_decisions": made.newer,
        "built": made.built,
        "models": tuple(change for change in changes if not change.is_same),
        "identity": people.identity(connection),
        "scores": people.scores(connection),
        "mqls": people.mqls(connection),
        "owners": people.owners(connection),
        "attribution": people.attribution(connection),
        "consents": people.consents(connection),
    }


def _changes(
    connection: DuckDBPyConnection, held: Plan, made: Plan, built: Built
) -> Iterator[ModelChange]:
    """Of every table that was built or is gone. Views say nothing of their own."""
    published, preview = Catalog(connection, "published"), Catalog(connection, "preview")
    before = {model.name: model for model in held.models if not model.is_view}
    for model in made.models:
        if model.is_view or model.name not in built.models:
            continue
        there = before.get(model.name)
        relation = preview.relation(model)
        if there is None:
            yield differences.appeared(connection, model.name, relation)
        else:
            unique = model.unique if model.unique == there.unique else ()
            yield differences.change(
                connection, model.name, published.relation(there), relation, unique
            )
    for name in built.gone:
        if name in before:
            yield differences.gone(connection, name, published.relation(before[name]))


def _everything(question: Question, base: Base) -> str | None:
    """Why all is to be built, if it is."""
    if question.full:
        return ASKED_FOR
    return None if base.functions == dbt.functions_fingerprint(question.source) else FUNCTIONS


def _told(chosen: Selection, plan: Plan) -> str:
    if chosen.reason:
        return f"Building and testing all {len(chosen.names)} models and seeds: {chosen.reason}"
    number, some = len(chosen.names), ", ".join(chosen.changed[:3])
    more = " …" if len(chosen.changed) > 3 else ""
    return (
        f"Building and testing {number} of {len(plan.models)} models and seeds:"
        f" {some}{more} and what reads them"
    )


@contextmanager
def _folder(settings: Settings, keep: bool) -> Iterator[Path]:
    """A folder of this preview's own. It holds data of people: it goes, however this ends."""
    parent = settings.home / "preview"
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=parent))
    try:
        yield folder
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
            if not any(parent.iterdir()):
                parent.rmdir()
