"""Being told by PostgreSQL that another process has added something.

Who misses one looks by itself a little later: this only makes it sooner. SQLite tells nobody.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
import structlog
from sqlalchemy.engine import make_url

_log = structlog.get_logger("millrace.notifications")

_AGAIN_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.5  # how long it may take to end
# A server that vanished without a word is noticed within a minute.
_ALIVE: Final = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
}


@contextmanager
def listening(url: str, channel: str, told: Callable[[], object]) -> Iterator[None]:
    """As long as this lasts, call `told`, in a thread of its own, when somebody notifies the
    channel of this database; also when a broken connection stands again, as one may have been
    missed. Does nothing for SQLite."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        yield
        return
    server = parsed.set(drivername="postgresql").update_query_dict(_ALIVE)
    address = server.render_as_string(hide_password=False)
    stop = threading.Event()
    thread = threading.Thread(
        target=_listen, args=(address, channel, told, stop), name=f"listen {channel}", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(2 * _LOOK_SECONDS)


def _listen(address: str, channel: str, told: Callable[[], object], stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            _listen_once(address, channel, told, stop)
        except psycopg.Error as error:
            _log.warning(
                "notifications_broken",
                code="NOTIFICATIONS_BROKEN",
                channel=channel,
                error=type(error).__name__,
                again_in=_AGAIN_SECONDS,
            )
            stop.wait(_AGAIN_SECONDS)


def _listen_once(
    address: str, channel: str, told: Callable[[], object], stop: threading.Event
) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(psycopg.sql.SQL("listen {}").format(psycopg.sql.Identifier(channel)))
        told()
        while not stop.is_set():
            for _ in connection.notifies(timeout=_LOOK_SECONDS, stop_after=1):
                told()
