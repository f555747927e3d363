"""The ledger's face: each method is one transaction. Safe to use from several threads."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy import Engine

from reverse_etl.breaker import BreakerPolicy, Permit
from reverse_etl.health import Health
from reverse_etl.ledger import awaited, consents, positions, queries
from reverse_etl.ledger import enqueue as _enqueue
from reverse_etl.ledger import facts as _facts
from reverse_etl.ledger import health as _health
from reverse_etl.ledger import lease as _lease
from reverse_etl.ledger import preview as _preview
from reverse_etl.ledger import requests as _requests
from reverse_etl.ledger import retention as _retention
from reverse_etl.ledger import settle as _settle
from reverse_etl.ledger.canaries import Canaries
from reverse_etl.ledger.credentials import Credentials
from reverse_etl.ledger.dead_letters import DeadLetters
from reverse_etl.ledger.engine import open_engine, reading, writing
from reverse_etl.ledger.erasure import Erasure
from reverse_etl.ledger.gauges import Gauges
from reverse_etl.ledger.lane import Lane
from reverse_etl.ledger.switches import Switches
from reverse_etl.ledger.ways import Ways
from reverse_etl.model import (
    ActivationRow,
    Admission,
    Attempt,
    AuditEntry,
    ConsentRow,
    ConsentStatus,
    Delivery,
    State,
)
from reverse_etl.quota import Budget, Credits
from reverse_etl.reports import EnqueueReport, LedgerCounts, Preview

FREE = Admission()


class Ledger:
    """Every effect that was wanted, and what became of it. Methods raise LedgerUnavailableError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.dead_letters = DeadLetters(engine)
        self.switches = Switches(engine)
        self.credentials = Credentials(engine)
        self.canaries = Canaries(engine)
        self.erasure = Erasure(engine)
        self.gauges = Gauges(engine)
        self.lane = Lane(engine)
        self.ways = Ways(engine)

    @classmethod
    def open(cls, url: str) -> Ledger:
        """Open or create the ledger at an SQLAlchemy URL, e.g. sqlite:////abs/path/ledger.db."""
        return cls(open_engine(url))

    def close(self) -> None:
        """Give back all connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    # -- what is wanted ------------------------------------------------------------------------

    def enqueue(
        self,
        rows: Sequence[ActivationRow],
        *,
        destination: str,
        action: str,
        now: datetime,
        admission: Admission = FREE,
        as_of: int | None = None,
    ) -> EnqueueReport:
        """Bring the queue in line with `rows`, the complete table for (destination, action) as of
        a position of the event log. It leaves alone whomever the fast lane told about as of a
        later one, and everybody if a later table was enqueued before."""
        with writing(self._engine, destination) as connection:
            return _enqueue.enqueue_complete(
                connection,
                rows,
                destination=destination,
                action=action,
                now=now,
                admission=admission,
                as_of=as_of,
            )

    def told_until(self, destination: str, action: str) -> int:
        """As of which position of the log a complete table was enqueued last; 0 for none."""
        with reading(self._engine) as connection:
            return positions.of(connection, positions.table(destination, action))

    def approve(self, destination: str, *, who: str, now: datetime) -> int:
        """Let the rows go that wait for approval; how many. Audited."""
        with writing(self._engine, destination) as connection:
            return _lease.approve(connection, destination, who, now)

    def preview(
        self,
        rows: Sequence[ActivationRow],
        *,
        destination: str,
        action: str,
        now: datetime,
        admission: Admission = FREE,
        consents: Sequence[ConsentRow] = (),
        as_of: int | None = None,
    ) -> list[Preview]:
        """What `enqueue` would do, row by row, after `apply_consents`; changes nothing."""
        with reading(self._engine) as connection:
            return _preview.preview(
                connection,
                rows,
                destination=destination,
                action=action,
                now=now,
                admission=admission,
                consents=consents,
                as_of=as_of,
            )

    def apply_consents(
        self, rows: Sequence[ConsentRow], now: datetime, as_of: int | None = None
    ) -> int:
        """Take over current consent, as of a position of the event log as in `enqueue`; how many
        queued rows its lack cancelled."""
        with writing(self._engine) as connection:
            return consents.apply_complete(connection, rows, now, as_of)

    # -- sending -------------------------------------------------------------------------------

    def lease(
        self,
        destination: str,
        *,
        token: str,
        now: datetime,
        ttl: timedelta,
        limits: Mapping[str, int],
        state: State = State.PENDING,
        most: int | None = None,
        hot_only: bool = False,
    ) -> list[Delivery]:
        """Take due rows of one action: hot first, then by deadline, then in order.

        `limits` is the largest batch by action, `most` bounds it further. `state` is PENDING to
        send, UNKNOWN to read back, HELD to probe with a row that the breaker holds. `hot_only`
        leaves all but priority 0 alone.
        """
        with writing(self._engine, destination) as connection:
            return _lease.lease(
                connection,
                destination,
                token=token,
                now=now,
                ttl=ttl,
                limits=limits,
                state=state,
                most=most,
                hot_only=hot_only,
            )

    def settle(
        self,
        destination: str,
        settlements: Sequence[_settle.Settlement],
        now: datetime,
        learn: Callable[[Health], Health] = lambda health: health,
    ) -> Health:
        """Record how leased rows of a destination ended, and what that says about its health,
        which is returned. When its breaker opens its queued rows are held, when it closes they
        are released. Other rows wait no longer for an answer that will not come in time.

        A row whose lease was lost meanwhile is left alone.
        """
        with writing(self._engine, destination) as connection:
            _settle.settle(connection, settlements, now)
            before = _health.of(connection, destination)
            after = learn(before)
            if after != before:
                _health.save(connection, destination, after, now)
            if after.breaker.is_open:
                _lease.hold(connection, destination, now)
            elif before.breaker.is_open:
                _lease.release(connection, destination, now)
            awaited.settled(connection, destination, settlements, after)
            return after

    def sweep(
        self, destination: str, now: datetime, is_dead: Callable[[str], bool] = lambda _token: False
    ) -> int:
        """Expire deadlines, and leases that ran out or whose holder is dead (their rows become
        unknown); how many rows died."""
        with writing(self._engine, destination) as connection:
            return _lease.sweep(connection, destination, now, is_dead)

    def hold(self, destination: str, now: datetime) -> int:
        """The breaker is open: hold what is queued."""
        with writing(self._engine, destination) as connection:
            return _lease.hold(connection, destination, now)

    def release(self, destination: str, now: datetime) -> int:
        """The breaker closed: queue what it held."""
        with writing(self._engine, destination) as connection:
            return _lease.release(connection, destination, now)

    def next_due(self, destination: str) -> datetime | None:
        """When something can be done next; None when nothing is queued."""
        with reading(self._engine) as connection:
            return _lease.next_due(connection, destination)

    def ripe(self, destination: str, now: datetime) -> int | None:
        """The number of the newest delivery that waited for an answer about its person and may go
        by now; None when there is none."""
        with reading(self._engine) as connection:
            return awaited.ripe(connection, destination, now)

    def consents_for(
        self, rows: Iterable[Delivery]
    ) -> dict[tuple[str, str], tuple[ConsentStatus, str | None]]:
        """Current status and consent id by (person_id, purpose)."""
        with reading(self._engine) as connection:
            return consents.statuses_for(connection, rows)

    def vendor_ids(self, destination: str, kind: str, keys: Iterable[str]) -> dict[str, str]:
        """The vendor's ids of entities, where known."""
        with reading(self._engine) as connection:
            return queries.vendor_ids(connection, destination, kind, keys)

    def last_sent(self, destination: str, action: str, keys: Iterable[str]) -> dict[str, str]:
        """The payload that was delivered last, by entity."""
        with reading(self._engine) as connection:
            return queries.last_sent(connection, destination, action, keys)

    def send_again(
        self, destination: str, action: str, keys: Sequence[str], *, who: str, now: datetime
    ) -> int:
        """Forget what these objects hold, so that the next enqueueing sends them anew; how many.
        Audited."""
        with writing(self._engine, destination) as connection:
            return _settle.send_again(connection, destination, action, keys, who, now)

    def alive(self, destination: str, action: str, keys: Iterable[str]) -> frozenset[str]:
        """Which of these entities are wanted: delivered and not gone since, or queued."""
        with reading(self._engine) as connection:
            return queries.alive(connection, destination, action, keys)

    def health(self) -> dict[str, Health]:
        """Breakers, stops and pauses by destination."""
        with reading(self._engine) as connection:
            return _health.load(connection)

    def health_of(self, destination: str) -> Health:
        """That of one destination."""
        with reading(self._engine) as connection:
            return _health.of(connection, destination)

    def claim_probe(self, destination: str, now: datetime, policy: BreakerPolicy) -> bool:
        """Whether the caller may probe behind an open breaker; nobody else may until its time is
        over."""
        with writing(self._engine, destination) as connection:
            health = _health.of(connection, destination)
            if health.breaker.permit(now) is not Permit.PROBE:
                return False
            _health.save(connection, destination, health.probing(now, policy), now)
            return True

    def request_wait(
        self, destination: str, now: datetime, budget: Budget, *, hot: bool
    ) -> timedelta:
        """How long until a request may go out within the account's budget."""
        with reading(self._engine) as connection:
            return _requests.wait(connection, destination, now, budget, hot=hot)

    def take_request(
        self, destination: str, now: datetime, budget: Budget, *, hot: bool
    ) -> _requests.Turn:
        """Count a request that goes out now, or tell how long to wait."""
        with writing(self._engine, destination) as connection:
            return _requests.take(connection, destination, now, budget, hot=hot)

    def end_request(self, destination: str, turn: _requests.Turn, now: datetime) -> None:
        """The answer to a request is there, or will not come."""
        with writing(self._engine, destination) as connection:
            _requests.end(connection, turn, now)

    def spend_credits(
        self, destination: str, wanted: int, now: datetime, budget: Budget, *, hot: bool
    ) -> Credits:
        """Take as many credits of the account's budget as are wanted and left."""
        with writing(self._engine, destination) as connection:
            return _requests.spend(connection, destination, wanted, now, budget, hot=hot)

    def return_credits(self, destination: str, ids: Sequence[int]) -> None:
        """Give back credits that were taken but not charged."""
        with writing(self._engine, destination) as connection:
            _requests.give_back(connection, ids)

    def forget(self, *, before: datetime, now: datetime) -> tuple[int, int]:
        """Delete tries of settled deliveries and audit entries from before then; how many of
        each. Audited; deliveries stay, and so does what nobody has settled yet."""
        with writing(self._engine) as connection:
            return _retention.forget(connection, before=before, now=now)

    # -- reading -------------------------------------------------------------------------------

    def counts(self) -> LedgerCounts:
        """How many deliveries are in which state, and whether that adds up."""
        with reading(self._engine) as connection:
            return queries.counts(connection)

    def find(
        self,
        *,
        person_id: str | None = None,
        correlation_id: str | None = None,
        destination: str | None = None,
        states: Collection[State] | None = None,
        code: str | None = None,
        limit: int = 1000,
    ) -> list[Delivery]:
        """Deliveries that match everything given, oldest first."""
        with reading(self._engine) as connection:
            return queries.find(
                connection,
                person_id=person_id,
                correlation_id=correlation_id,
                destination=destination,
                states=states,
                code=code,
                limit=limit,
            )

    def attempts(self, delivery_id: int) -> list[Attempt]:
        """Every try of one delivery, oldest first."""
        with reading(self._engine) as connection:
            return queries.attempts_of(connection, delivery_id)

    def audit(self, limit: int = 100) -> list[AuditEntry]:
        """Who did what last, newest first."""
        with reading(self._engine) as connection:
            return queries.audit_entries(connection, limit)

    def facts(self, *, after: int = 0, limit: int = 10_000) -> list[_facts.DeliveryFact]:
        """The next deliveries behind number `after`, without anything personal; for reports."""
        with reading(self._engine) as connection:
            return _facts.facts(connection, after=after, limit=limit)
