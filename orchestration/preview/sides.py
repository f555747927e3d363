"""Both sides of a comparison in one connection: `published` and `preview`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from dbt_project.functions.register import register
from orchestration.errors import PreviewBuildError
from orchestration.fast_lane.plan import Model, Plan
from orchestration.fast_lane.slice import Catalog, quoted


@contextmanager
def opened(*, read_only: bool = True, **files: Path) -> Iterator[DuckDBPyConnection]:
    """Databases attached under these names, those after the first to be written unless
    `read_only`; what the models call is there."""
    with closing(duckdb.connect()) as connection:
        connection.execute("set TimeZone = 'UTC'; set enable_progress_bar = false")
        connection.execute("set preserve_insertion_order = false")
        register(connection)
        for number, (name, file) in enumerate(files.items()):
            mode = "" if number and not read_only else " (read_only)"
            path = str(file).replace("'", "''")
            connection.execute(f"attach '{path}' as {quoted(name)}{mode}")
        yield connection


def lay(preview: Path, published: Path, plan: Plan, built: Collection[str]) -> None:
    """Views of the published tables under the preview's names, for all that is not `built`: so
    what is built finds what it reads, and nothing is copied. Raises PreviewBuildError."""
    try:
        with opened(read_only=False, published=published, preview=preview) as connection:
            held, here = Catalog(connection, "published"), Catalog(connection, "preview")
            for source in plan.sources():
                here.define_source(source, held)
            for model in plan.models:
                if model.name not in built:
                    here.define(model, None if model.is_view else _same(model, held))
    except duckdb.Error as error:
        raise PreviewBuildError(
            f"What is published cannot be laid under the changed project ({type(error).__name__})."
        ) from error


def build(target: Path, published: Path, plan: Plan, arriving: object) -> None:
    """All of a plan once more, in a file of its own: over the published seeds and raw rows, and
    events that arrived since (an Arrow table as raw.events has them)."""
    with opened(read_only=False, published=published, settled=target) as connection:
        held, here = Catalog(connection, "published"), Catalog(connection, "settled")
        for source in plan.sources():
            connection.execute(f"create schema if not exists settled.{source.split('.')[0]}")
            here.copy_source(source, held, "")
        connection.register("arriving", arriving)
        connection.execute(f"insert into {here.source('raw.events')} by name from arriving")
        for model in plan.models:
            if model.is_view:
                here.define(model)
            else:
                here.copy(model, None if model.sql else _same(model, held))


def _same(model: Model, held: Catalog) -> str:
    return f"from {held.relation(model)}"
