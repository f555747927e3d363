"""Carries out a preview: pin, compile, build what differs, compare, tell."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection
from sqlalchemy.engine import make_url

from dbt_project.functions.register import register
from ingestion.event_log.dedup import Key
from orchestration import connections, dbt, decisions, routing_config
from orchestration.errors import PreviewBuildError
from orchestration.fast_lane.plan import Model, Plan, read_plan
from orchestration.fast_lane.slice import Catalog, quoted
from orchestration.preview import deliveries, differences, people, project, selection
from orchestration.preview.base import Base, pin
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
    rules.ensure_sound(question.source / "seeds")
    routing_config.check(question.source / "seeds")
    with _folder(settings, question.keep) as folder:
        base = pin(question.published, folder)
        changed = project.prepare(settings, question.source, folder, base.warehouse)
        progress("Compiling the changed project (dbt)")
        manifest = changed.compile()
        chosen = selection.select(base.manifest, manifest, _everything(question, base))
        held, made = read_plan(base.manifest, "published"), read_plan(manifest, "changed")
        _lay(changed.warehouse, base.warehouse, made, chosen)
        if chosen.names:
            progress(_told(chosen, made))
            changed.build(chosen.names)
        built = Built(
            chosen.names, len(made.models), tuple(selection.missing(base.manifest, manifest)),
            chosen.reason,
        )  # fmt: skip
        with _both(changed.warehouse, base.warehouse) as connection:
            parts = _compared(connection, settings, held, made, built, folder, now, progress)
    seconds = round(perf_counter() - started, 1)
    return Report(base.published_at, base.log_position, seconds, built, **parts)


def _compared(
    connection: DuckDBPyConnection,
    settings: Settings,
    held: Plan,
    made: Plan,
    built: Built,
    folder: Path,
    now: datetime,
    progress: Progress,
) -> dict[str, Any]:
    progress("Comparing rows")
    models = [each for each in _changes(connection, held, made, built) if not each.is_same]
    progress("Telling what follows for people")
    decided = _decided(settings, people.undecided_losses(connection))
    told = {
        "models": models,
        "identity": people.identity(connection),
        "scores": people.scores(connection),
        "mqls": people.mqls(connection, decided),
        "owners": people.owners(connection),
        "attribution": people.attribution(connection),
        "consents": people.consents(connection),
    }
    progress("Telling which deliveries would follow")
    followed = deliveries.following(connection, settings, built.models, folder, now=now)
    return {**told, "deliveries": followed}


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


def _lay(preview: Path, published: Path, plan: Plan, chosen: Selection) -> None:
    """Views of the published tables under the preview's names, for all that is not built: so what
    is built finds what it reads, and nothing is copied."""
    try:
        with _both(preview, published, read_only=False) as connection:
            held, here = Catalog(connection, "published"), Catalog(connection, "preview")
            for source in plan.sources():
                here.define_source(source, held)
            for model in plan.models:
                if model.name not in chosen.names:
                    here.define(model, None if model.is_view else _same(model, held))
    except duckdb.Error as error:
        raise PreviewBuildError(
            f"What is published cannot be laid under the changed project ({type(error).__name__})."
        ) from error


def _same(model: Model, held: Catalog) -> str:
    return f"from {held.relation(model)}"


@contextmanager
def _both(
    preview: Path, published: Path, *, read_only: bool = True
) -> Iterator[DuckDBPyConnection]:
    """Both sides attached, under the names by which the models of the preview know them."""
    with closing(duckdb.connect()) as connection:
        connection.execute("set TimeZone = 'UTC'; set enable_progress_bar = false")
        register(connection)
        for file, name, guarded in (
            (published, "published", True),
            (preview, "preview", read_only),
        ):
            mode = " (read_only)" if guarded else ""
            path = str(file).replace("'", "''")
            connection.execute(f"attach '{path}' as {quoted(name)}{mode}")
        yield connection


def _decided(settings: Settings, mql_ids: list[str]) -> set[str]:
    """Which of these MQLs the log holds a decision on."""
    url = make_url(settings.log_url)
    is_file = url.get_backend_name() == "sqlite" and url.database
    if not mql_ids or (is_file and not Path(str(url.database)).exists()):
        return set()
    with closing(connections.event_log(settings)) as log:
        found = log.positions(Key(decisions.SOURCE, mql_id) for mql_id in mql_ids)
    return {key.event_key for key in found}


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
            with_others = any(parent.iterdir())
            if not with_others:
                parent.rmdir()
