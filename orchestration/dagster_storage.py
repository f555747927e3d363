"""Dagster's event log, on connections that stay open.

Dagster's own SQLite storage makes an engine, opens a file and closes it (which writes its journal
back) several times for each of the two thousand events of a batch: half of the batch's time.
"""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from dagster import StringSource
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event

_BUSY_SECONDS: Final = 60
_MOST_OPEN: Final = 8  # files: the index of all runs, and the runs that are written or read


class EventLogStorage(SqliteEventLogStorage):
    """As Dagster's, in the same files."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        super().__init__(base_dir, inst_data)

    @classmethod
    def config_type(cls) -> Any:
        """Where the files are."""
        return {"base_dir": StringSource}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Any
    ) -> EventLogStorage:
        """Called by Dagster with what dagster.yaml says."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock, self._engine(shard).connect() as connection, connection.begin():
            yield connection

    def _engine(self, shard: str) -> Engine:
        if shard not in self._engines:
            self._engines[shard] = _open(self.conn_string_for_shard(shard))
            self._initdb(self._engines[shard])
        self._engines.move_to_end(shard)
        while len(self._engines) > _MOST_OPEN:
            self._engines.popitem(last=False)[1].dispose()
        return self._engines[shard]

    def wipe(self) -> None:
        """Remove every file; none may be open then."""
        self.dispose()
        super().wipe()

    def dispose(self) -> None:
        """Close what is open."""
        with self._db_lock:
            while self._engines:
                self._engines.popitem()[1].dispose()
        super().dispose()


def _open(address: str) -> Engine:
    # One connection stays open, which threads use in turns: the storage's lock sees to that.
    options = {"timeout": _BUSY_SECONDS, "check_same_thread": False}
    engine = create_engine(address, pool_size=1, connect_args=options)
    event.listen(engine, "connect", _prepare)
    return engine


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    # A power cut may lose the last events of a run, but damages nothing.
    connection.execute("PRAGMA synchronous=NORMAL")
