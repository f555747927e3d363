"""API keys: `mr_<id>_<secret>`. The secret is shown once; what is kept cannot bring it back.

At rest there is only a SHA-256 of the secret. A slow hash protects passwords because people choose
guessable ones; a secret of 256 random bits cannot be guessed at any speed, and every request would
pay for the slowness.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Self

from sqlalchemy import Connection, Engine, Row, func, insert, select, update

from ingestion.api.database import API_KEYS, API_REQUESTS, make_tables
from ingestion.api.scopes import Action, Scope
from ingestion.event_log.databases import open_database
from ingestion.event_log.model import from_micros, to_micros
from ingestion.event_log.unavailable import unavailable

DEFAULT_RATE: Final = 600

_SECRET_BYTES: Final = 32
_TEXT = re.compile(r"mr_([0-9a-f]{16})_([A-Za-z0-9_-]{43})", re.ASCII)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as everybody may see it. ``rate``: requests a minute."""

    id: str
    name: str
    scopes: tuple[Scope, ...]
    rate: int
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def usable(self, now: datetime) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def allows(self, source: str, action: Action) -> bool:
        """Whether one of its scopes covers this."""
        return any(scope.covers(source, action) for scope in self.scopes)

    def sources(self, action: Action) -> frozenset[str]:
        """Sources its scopes name for ``action``; `*` among them means every source."""
        return frozenset(scope.source for scope in self.scopes if scope.action == action)


@dataclass(frozen=True, slots=True)
class Credential:
    """A key with what proves it."""

    key: ApiKey
    secret_hash: str = field(repr=False)

    def proven_by(self, secret: str) -> bool:
        """Whether this is the key's secret; takes as long whether it is or not."""
        return hmac.compare_digest(hash_secret(secret), self.secret_hash)


@dataclass(frozen=True, slots=True)
class Presented:
    """What a caller sent as its key."""

    key_id: str
    secret: str = field(repr=False)


def present(text: str) -> Presented | None:
    """Id and secret of a key's text; None when it is none."""
    match = _TEXT.fullmatch(text)
    return Presented(match[1], match[2]) if match else None


def hash_secret(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


class KeyStore:
    """The API keys in the event log's database. Safe to use from several threads.

    Every method raises LogUnavailableError when the database cannot be used.
    """

    def __init__(self, reader: Engine, writer: Engine) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    def open(cls, url: str) -> Self:
        """Open the keys at the log's URL; makes what is missing."""
        with unavailable():
            _, reader, writer = open_database(url)
        make_tables(writer)
        return cls(reader, writer)

    def create(
        self,
        name: str,
        scopes: Iterable[Scope],
        now: datetime,
        *,
        rate: int = DEFAULT_RATE,
        expires_at: datetime | None = None,
    ) -> tuple[ApiKey, str]:
        """A new key, and its text, which nobody can find out later."""
        wanted = tuple(sorted(set(scopes)))
        key = ApiKey(secrets.token_hex(8), name, wanted, rate, now, expires_at)
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        with self._write() as connection:
            connection.execute(insert(API_KEYS), _row(key, hash_secret(secret)))
        return key, f"mr_{key.id}_{secret}"

    def find(self, key_id: str) -> Credential | None:
        """The key of this id, usable or not."""
        with self._read() as connection:
            row = connection.execute(_named(key_id)).one_or_none()
        return Credential(_key(row), row.secret_hash) if row else None

    def list(self) -> list[ApiKey]:
        """Every key, oldest first; revoked and expired ones too."""
        query = select(API_KEYS).order_by(API_KEYS.c.created_at, API_KEYS.c.id)
        with self._read() as connection:
            return [_key(row) for row in connection.execute(query)]

    def last_requests(self) -> dict[str, datetime]:
        """When each key made its last request with an idempotency key, by id; only those requests
        are noted."""
        columns = (API_REQUESTS.c.api_key_id, func.max(API_REQUESTS.c.reserved_at).label("at"))
        with self._read() as connection:
            found = connection.execute(select(*columns).group_by(API_REQUESTS.c.api_key_id))
            return {row.api_key_id: from_micros(row.at) for row in found}

    def revoke(self, key_id: str, now: datetime) -> ApiKey | None:
        """Revoke for good; None when there is no such key. The first revocation's time stays."""
        statement = update(API_KEYS).where(API_KEYS.c.id == key_id, API_KEYS.c.revoked_at.is_(None))
        with self._write() as connection:
            connection.execute(statement.values(revoked_at=to_micros(now)))
            row = connection.execute(_named(key_id)).one_or_none()
        return _key(row) if row else None

    def close(self) -> None:
        """Give back every connection."""
        self._reader.dispose()

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with unavailable(), self._reader.begin() as connection:
            yield connection

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with unavailable(), self._writer.begin() as connection:
            yield connection


def _named(key_id: str) -> Any:
    return select(API_KEYS).where(API_KEYS.c.id == key_id)


def _row(key: ApiKey, secret_hash: str) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "secret_hash": secret_hash,
        "scopes": " ".join(map(str, key.scopes)),
        "rate": key.rate,
        "created_at": to_micros(key.created_at),
        "expires_at": to_micros(key.expires_at) if key.expires_at else None,
    }


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        id=row.id,
        name=row.name,
        scopes=tuple(Scope.parse(text) for text in row.scopes.split()),
        rate=row.rate,
        created_at=from_micros(row.created_at),
        expires_at=None if row.expires_at is None else from_micros(row.expires_at),
        revoked_at=None if row.revoked_at is None else from_micros(row.revoked_at),
    )
