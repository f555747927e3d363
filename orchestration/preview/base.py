"""What is compared with: the published copy as it is at one moment.

Batches swap the copy while previews run, so a link to it is made once, and all that follows reads
that one file.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from orchestration import warehouse
from orchestration.errors import WarehouseError, WarehouseMissingError

_TRIES = 5


@dataclass(frozen=True, slots=True)
class Base:
    """`manifest`: dbt's, with the SQL that made the tables; `functions`: the fingerprint of the
    Python that this SQL calls, None where an older version published."""

    warehouse: Path
    manifest: Mapping[str, Any]
    published_at: datetime
    log_position: int
    functions: str | None


def pin(published: Path, folder: Path) -> Base:
    """Hold what is published now in `folder`, while production may publish the next.

    Raises WarehouseMissingError before the first batch, WarehouseError when the copy and what is
    told of it never fit together.
    """
    for _ in range(_TRIES):
        if (base := _attempt(published, folder)) is not None:
            return base
    raise WarehouseError(
        "The published copy changed each time it was opened, or what is told of it is another's.",
        remedy="Run the preview again; should that not help, run a batch (`millrace run`) first.",
    )


def _attempt(published: Path, folder: Path) -> Base | None:
    manifest = published.with_name("manifest.json")
    told = warehouse.publication(published)
    if told is None or not published.exists() or not manifest.exists():
        raise WarehouseMissingError(f"There is nothing published in {published.parent}.")
    held = folder / "published.duckdb"
    held.unlink(missing_ok=True)
    _link(published, held)
    nodes = json.loads(manifest.read_bytes())
    with warehouse.connect(held) as connection:
        position = warehouse.log_position(connection)
    if (told.log_position, told) != (position, warehouse.publication(published)):
        return None
    return Base(held, nodes, told.published_at, position, told.functions)


def _link(file: Path, target: Path) -> None:
    try:
        os.link(file, target)
    except OSError:  # another file system
        shutil.copyfile(file, target)
