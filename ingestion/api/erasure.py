"""Taking a person out of the API's answers that are kept for repeated requests."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine, delete, inspect, select

from ingestion.api.database import API_REQUESTS
from ingestion.event_log.unavailable import unavailable

Mentions = Callable[[bytes], bool]
"""Whether a text names the person."""


def forget_requests(writer: Engine, mentions: Mentions) -> int:
    """Forget requests whose key or answer names the person; returns how many.

    Sent again, such a request is handled again: its events have the keys they had, so nothing is
    stored twice. Raises LogUnavailableError.
    """
    table = API_REQUESTS
    with unavailable():
        if not inspect(writer).has_table(table.name):
            return 0
        with writer.begin() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA secure_delete=ON")
            columns = (table.c.api_key_id, table.c.idempotency_key, table.c.answer)
            found = [
                (key_id, key)
                for key_id, key, answer in connection.execute(select(*columns))
                if mentions(key.encode()) or mentions(answer or b"")
            ]
            for key_id, key in found:
                same = (table.c.api_key_id == key_id, table.c.idempotency_key == key)
                connection.execute(delete(table).where(*same))
    return len(found)
