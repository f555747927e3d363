"""Tokens that all processes of an installation share, and since when a secret is in use."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, select, update

from reverse_etl.ledger.engine import reading, upsert, writing
from reverse_etl.ledger.schema import credentials
from reverse_etl.model import Kept


class Credentials:
    """The credentials of a ledger. Methods raise LedgerUnavailableError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def all(self) -> dict[str, Kept]:
        """What is known, by destination."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(credentials))
            return {row.destination: Kept(**row._mapping) for row in rows}

    def of(self, destination: str) -> Kept:
        """What is known of one destination."""
        with reading(self._engine) as connection:
            return _of(connection, destination)

    def claim(self, destination: str, seen: str | None, *, now: datetime, ttl: timedelta) -> bool:
        """Whether the caller may renew the tokens that it has `seen`; nobody else may until it
        keeps new ones, gives the claim back, or `ttl` is over."""
        with writing(self._engine, destination) as connection:
            kept = _of(connection, destination)
            taken = kept.claimed_until is not None and kept.claimed_until > now
            if taken or kept.sealed != seen:
                return False
            _write(connection, destination, claimed_until=now + ttl)
            return True

    def keep(self, destination: str, sealed: str, expires_at: datetime | None) -> None:
        """Store new tokens and give back the claim."""
        with writing(self._engine, destination) as connection:
            _write(
                connection, destination, sealed=sealed, expires_at=expires_at, claimed_until=None
            )

    def ends(self, destination: str, expires_at: datetime | None) -> None:
        """What the vendor says of a fixed token: until when it is good; None is for ever."""
        with writing(self._engine, destination) as connection:
            _write(connection, destination, expires_at=expires_at)

    def give_back(self, destination: str) -> None:
        """The renewal failed: let somebody else try."""
        with writing(self._engine, destination) as connection:
            mine = credentials.c.destination == destination
            connection.execute(update(credentials).where(mine).values(claimed_until=None))

    def notice(self, destination: str, fingerprint: str, now: datetime) -> datetime:
        """A secret is in use; since when."""
        kept = self.of(destination)
        if kept.fingerprint == fingerprint and kept.since is not None:
            return kept.since
        with writing(self._engine, destination) as connection:
            _write(connection, destination, fingerprint=fingerprint, since=now)
        return now


def _of(connection: Connection, destination: str) -> Kept:
    query = select(credentials).where(credentials.c.destination == destination)
    row = connection.execute(query).first()
    return Kept(**row._mapping) if row else Kept(destination)


def _write(connection: Connection, destination: str, **values: Any) -> None:
    upsert(connection, credentials, [{"destination": destination, **values}])
