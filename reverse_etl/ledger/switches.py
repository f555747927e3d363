"""Destinations that a person switched off: nothing is sent to them, and nothing is lost.

Nobody waits for their answers either.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, delete, insert, select

from reverse_etl.ledger.engine import reading, writing
from reverse_etl.ledger.schema import audit, awaited, switches
from reverse_etl.redact import redact


@dataclass(frozen=True, slots=True)
class SwitchedOff:
    """Since when, by whom and why nothing goes to a destination."""

    destination: str
    off_since: datetime
    who: str
    reason: str


class Switches:
    """The switches of a ledger; each turn is audited."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def off(self) -> dict[str, SwitchedOff]:
        """Those that are off, by destination."""
        with reading(self._engine) as connection:
            found = connection.execute(select(switches).order_by(switches.c.destination))
            return {row.destination: SwitchedOff(**row._mapping) for row in found}

    def is_off(self, destination: str) -> bool:
        """Whether nothing may be sent there."""
        with reading(self._engine) as connection:
            return is_off(connection, destination)

    def turn_off(self, destination: str, *, who: str, reason: str, now: datetime) -> bool:
        """Send nothing more there once what is under way has ended; false if it was off."""
        with writing(self._engine, destination) as connection:
            if is_off(connection, destination):
                return False
            row = {"off_since": now, "who": who, "reason": redact(reason)}
            connection.execute(insert(switches), [{"destination": destination, **row}])
            connection.execute(delete(awaited).where(awaited.c.destination == destination))
            _record(connection, destination, "switch_off", who, reason, now)
            return True

    def turn_on(self, destination: str, *, who: str, reason: str, now: datetime) -> bool:
        """Send again, in order; false if it was on."""
        with writing(self._engine, destination) as connection:
            if not is_off(connection, destination):
                return False
            connection.execute(delete(switches).where(switches.c.destination == destination))
            _record(connection, destination, "switch_on", who, reason, now)
            return True


def is_off(connection: Connection, destination: str) -> bool:
    """Whether nothing may be sent there."""
    query = select(switches.c.destination).where(switches.c.destination == destination)
    return connection.execute(query).first() is not None


def _record(
    connection: Connection, destination: str, what: str, who: str, reason: str, now: datetime
) -> None:
    told = f"{destination}: {redact(reason)}" if reason else destination
    connection.execute(insert(audit), [{"at": now, "who": who, "what": what, "reason": told}])
