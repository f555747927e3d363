"""`Idempotency-Key`: the same request again gets the same answer again, and has no second effect.

A request is reserved before it is handled and its answer kept beside the reservation, for as long
as the log is. A process that dies in between leaves a reservation without an answer; after
``LEASE`` the same body takes it over. Handling it twice does no harm: its events have the same keys
both times.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from ingestion.api.database import API_REQUESTS
from ingestion.errors import (
    IdempotencyInProgressError,
    IdempotencyKeyInvalidError,
    IdempotencyKeyReusedError,
)
from ingestion.event_log.model import from_micros, to_micros
from ingestion.event_log.unavailable import unavailable

HEADER: Final = "idempotency-key"

LEASE: Final = timedelta(seconds=30)
"""Longer than a request is ever handled: reading its body is over when it is reserved."""

_PLAIN = re.compile(r"[\x20-\x7e]{1,200}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Request:
    """What identifies a request, and what it says."""

    api_key_id: str
    idempotency_key: str
    body_hash: str


@dataclass(frozen=True, slots=True)
class Reservation:
    """The right to handle a request."""

    request: Request
    holder: str


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """The answer that the request got before."""

    body: bytes


def idempotency_key(values: Sequence[str]) -> str | None:
    """The key in a request's headers, None without one. Raises IdempotencyKeyInvalidError."""
    if not values:
        return None
    if len(values) > 1:
        raise IdempotencyKeyInvalidError("The Idempotency-Key header came twice.")
    if not _PLAIN.fullmatch(values[0]) or not values[0].strip():
        raise IdempotencyKeyInvalidError
    return values[0]


class RequestStore:
    """Reservations and answers in the event log's database. Safe to use from several threads.

    Every method raises LogUnavailableError when the database cannot be used.
    """

    def __init__(self, writer: Engine) -> None:
        self._writer = writer
        # SQLite's waiting writers poll: many of them at once would starve each other and the log's.
        self._turn = Lock()

    def reserve(self, request: Request, now: datetime) -> Reservation | KeptAnswer:
        """The right to handle ``request``, or the answer it has already.

        Raises IdempotencyKeyReusedError when the key came with another body, and
        IdempotencyInProgressError while somebody handles the request.
        """
        reservation = Reservation(request, uuid4().hex)
        if self._inserted(reservation, now):
            return reservation
        return self._taken_over(reservation, now)

    def finish(self, reservation: Reservation, answer: bytes) -> None:
        """Keep the answer, unless somebody took the request over meanwhile."""
        with self._write() as connection:
            connection.execute(update(API_REQUESTS).where(*_held(reservation)), {"answer": answer})

    def release(self, reservation: Reservation) -> None:
        """Forget a request that came to nothing, so that it can be sent again at once."""
        with self._write() as connection:
            connection.execute(delete(API_REQUESTS).where(*_held(reservation)))

    def _inserted(self, reservation: Reservation, now: datetime) -> bool:
        request = reservation.request
        row = {
            "api_key_id": request.api_key_id,
            "idempotency_key": request.idempotency_key,
            "body_hash": request.body_hash,
            "holder": reservation.holder,
            "reserved_at": to_micros(now),
        }
        with unavailable():
            try:
                with self._turn, self._writer.begin() as connection:
                    connection.execute(insert(API_REQUESTS), row)
            except IntegrityError:  # the same in every database, unlike "on conflict"
                return False
        return True

    def _taken_over(self, reservation: Reservation, now: datetime) -> Reservation | KeptAnswer:
        with self._write() as connection:
            row = connection.execute(_FOUND.where(*_same(reservation.request))).one_or_none()
            if row is None:  # it was released a moment ago
                raise IdempotencyInProgressError
            if row.body_hash != reservation.request.body_hash:
                raise IdempotencyKeyReusedError
            if row.answer is not None:
                return KeptAnswer(row.answer)
            if abs(now - from_micros(row.reserved_at)) < LEASE:
                raise IdempotencyInProgressError
            self._take(connection, Reservation(reservation.request, row.holder), reservation, now)
        return reservation

    def _take(
        self, connection: Connection, old: Reservation, new: Reservation, now: datetime
    ) -> None:
        statement = update(API_REQUESTS).where(*_held(old))
        values = {"holder": new.holder, "reserved_at": to_micros(now)}
        if connection.execute(statement, values).rowcount != 1:
            raise IdempotencyInProgressError

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with unavailable(), self._turn, self._writer.begin() as connection:
            yield connection


_FOUND = select(API_REQUESTS)


def _same(request: Request) -> tuple[Any, ...]:
    return (
        API_REQUESTS.c.api_key_id == request.api_key_id,
        API_REQUESTS.c.idempotency_key == request.idempotency_key,
    )


def _held(reservation: Reservation) -> tuple[Any, ...]:
    """The request, while it is this reservation that holds it and no answer is there."""
    return (
        *_same(reservation.request),
        API_REQUESTS.c.holder == reservation.holder,
        API_REQUESTS.c.answer.is_(None),
    )
