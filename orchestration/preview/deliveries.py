"""Which deliveries a change would lead to: the dry run of an activation, on both sides.

What would go out anyway is no effect of the change, so only rows of which the ledger would do
something else, or something with another payload, count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

from duckdb import DuckDBPyConnection
from sqlalchemy.engine import make_url

from orchestration import connections, destinations
from orchestration.backlog import connectors, cost
from orchestration.destinations import Effect
from orchestration.dry_run import SENT, Copy
from orchestration.preview.outcome import Deliveries
from orchestration.settings import Settings
from reverse_etl.connectors import Connector
from reverse_etl.ledger import Ledger
from reverse_etl.reports import Change

_KEPT_BACK: Final[tuple[Change, ...]] = ("refuse", "hold", "expire", "stale")

_NOTHING: Final[tuple[Change, None]] = ("unchanged", None)

Wanted = Mapping[str, tuple[Change, str | None]]
"""Entity → what the ledger would do with its row, and the hash of the payload."""


def following(
    connection: DuckDBPyConnection,
    settings: Settings,
    built: Collection[str],
    folder: Path,
    *,
    now: datetime,
    as_of: int,
) -> list[Deliveries]:
    """For each activation table among the models `built`; `connection` has both sides attached,
    which are complete up to the position `as_of`.

    Nothing is written to the ledger; where there is none, an empty one in `folder` stands for it.
    """
    effects = [e for e in destinations.effects(settings.destinations) if e.table in built]
    if not effects:
        return []
    configured = connectors(settings)
    with closing(_ledger(settings, folder)) as ledger:
        before, after = (
            _wanted(_copy(connection, side, settings, as_of), ledger, effects, now)
            for side in ("published", "preview")
        )
    told = (
        difference(effect, before[effect.table], after[effect.table], configured)
        for effect in effects
    )
    return [each for each in told if each.sent or each.cancelled or each.kept_back]


def _ledger(settings: Settings, folder: Path) -> Ledger:
    url = make_url(settings.ledger_url)
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
        return Ledger.open(f"sqlite:///{folder / 'ledger.sqlite'}")
    return connections.ledger(settings)


def _copy(connection: DuckDBPyConnection, side: str, settings: Settings, as_of: int) -> Copy:
    connection.execute(f"use {side}")
    return replace(Copy.of(connection, settings), as_of=as_of)


def _wanted(
    copy: Copy, ledger: Ledger, effects: Collection[Effect], now: datetime
) -> dict[str, Wanted]:
    return {effect.table: dict(_rows(copy, ledger, effect, now)) for effect in effects}


def _rows(
    copy: Copy, ledger: Ledger, effect: Effect, now: datetime
) -> Iterator[tuple[str, tuple[Change, str | None]]]:
    rows = copy.rows(effect)
    hashes = {row.entity_key: row.payload_hash for row in rows}
    for told in copy.told(ledger, effect, rows, now=now):
        yield told.entity_key, (told.change, hashes.get(told.entity_key))


def difference(
    effect: Effect, before: Wanted, after: Wanted, configured: Mapping[str, Connector]
) -> Deliveries:
    """Of one activation table: what the ledger would do after the change and not before it. A row
    that would go out anyway, and now with another payload, takes no more requests."""
    changed = {key: told for key, told in after.items() if before.get(key) != told}
    counts = Counter(change for change, _ in changed.values())
    anyway = Counter(
        change for key, (change, _) in changed.items() if before.get(key, _NOTHING)[0] in SENT
    )
    sent = counts["create"] + counts["update"]
    more = sent - anyway["create"] - anyway["update"]
    connector = configured.get(effect.destination)
    taken = cost(connector, {effect.action: more}) if connector else None
    return Deliveries(
        effect.destination,
        effect.action,
        new=counts["create"] - anyway["create"],
        superseding=counts["update"] + anyway["create"],
        cancelled=counts["withdraw"],
        kept_back=sum(counts[change] for change in _KEPT_BACK),
        requests=taken.requests if taken else None,
        minutes=taken.minutes if taken else None,
    )
