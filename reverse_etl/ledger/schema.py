"""Tables of the ledger. Times are whole microseconds since 1970 (UTC)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
NEVER: Final = datetime(9999, 1, 1, tzinfo=UTC)


class Instant(TypeDecorator[datetime]):
    """An aware UTC time, stored as an integer: exact, sortable and quick on every engine."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        return None if value is None else _EPOCH + timedelta(microseconds=value)


_ID = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by INTEGER only

metadata = MetaData()

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("destination", String, nullable=False),
    Column("action", String, nullable=False),
    Column("mode", String, nullable=False),
    Column("entity_key", String, nullable=False),
    Column("person_id", String, nullable=False),
    Column("external_id", String),
    Column("order_key", String, nullable=False),
    Column("payload", Text, nullable=False),
    Column("payload_hash", String, nullable=False),
    Column("event_time", Instant, nullable=False),
    Column("deadline_at", Instant),
    Column("priority", Integer, nullable=False),
    Column("purpose", String, nullable=False),
    Column("consent_status", String, nullable=False),
    Column("consent_id", String),
    Column("correlation_id", String, nullable=False),
    Column("state", String, nullable=False),
    Column("code", String),
    Column("message", Text),
    Column("attempts", Integer, nullable=False, default=0),
    Column("possible_repeats", Integer, nullable=False, default=0),
    Column("due_at", Instant, nullable=False),
    Column("urgency", Instant, nullable=False),  # the deadline, or NEVER: sorts on every engine
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("requested_at", Instant),  # when the first request for it went out
    Column("last_attempt_at", Instant),
    Column("delivered_at", Instant),
    Column("vendor_id", String),
    Column("lease", String),
    Column("lease_until", Instant),
)
d = deliveries.c
Index("deliveries_by_entity", d.destination, d.action, d.entity_key, d.id)
Index("deliveries_queue", d.destination, d.state, d.priority, d.urgency, d.order_key, d.id)
Index("deliveries_by_person", d.destination, d.person_id, d.state, d.id)
Index("deliveries_by_correlation", d.correlation_id)
Index("deliveries_of_person", d.person_id)
Index("deliveries_by_delivery", d.delivered_at)
Index(  # law 2: an event row is enqueued once, for ever
    "deliveries_event_once",
    d.destination,
    d.action,
    d.entity_key,
    unique=True,
    sqlite_where=d.mode == "event",
    postgresql_where=d.mode == "event",
)
_WAITING = (d.state == "pending") & (d.code == "REFERENCE_NOT_SYNCED")
Index(  # few rows, looked for whenever something was delivered; SQLite counts equal columns
    "deliveries_waiting",
    d.destination,
    d.state,
    d.code,
    sqlite_where=_WAITING,
    postgresql_where=_WAITING,
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("delivery_id", BigInteger, nullable=False, index=True),
    Column("batch_id", String, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("milliseconds", Float, nullable=False),
    Column("kind", String, nullable=False),
    Column("code", String, nullable=False),
    Column("status", Integer),
    Column("request", Text, nullable=False),
    Column("response", Text, nullable=False),
    Column("correlation_id", String, nullable=False),
)

entities = Table(
    "entities",
    metadata,
    Column("destination", String, primary_key=True),
    Column("object_kind", String, primary_key=True),
    Column("entity_key", String, primary_key=True),
    Column("vendor_id", String),
    Column("payload_hash", String),
    Column("delivered_at", Instant),
    Column("gone_at", Instant),  # since when the activation table no longer wants it
)

awaited = Table(  # questions whose answers other rows of the same person wait for
    "awaited",
    metadata,
    Column("destination", String, primary_key=True),
    Column("entity_key", String, primary_key=True),
    Column("person_id", String, nullable=False),
    Column("until", Instant, nullable=False),
)
Index("awaited_by_person", awaited.c.person_id)

consents = Table(
    "consents",
    metadata,
    Column("person_id", String, primary_key=True),
    Column("purpose", String, primary_key=True),
    Column("status", String, nullable=False),
    Column("consent_id", String),
    Column("decided_at", Instant),
)

breakers = Table(
    "breakers",
    metadata,
    Column("destination", String, primary_key=True),
    Column("window", Text, nullable=False),
    Column("opened_at", Instant),
    Column("probe_at", Instant),
    Column("stopped_code", String),
    Column("stopped_at", Instant),
    Column("paused_until", Instant),
    Column("updated_at", Instant, nullable=False),
)

switches = Table(
    "switches",
    metadata,
    Column("destination", String, primary_key=True),
    Column("off_since", Instant, nullable=False),
    Column("who", String, nullable=False),
    Column("reason", Text, nullable=False),
)

credentials = Table(
    "credentials",
    metadata,
    Column("destination", String, primary_key=True),
    Column("fingerprint", String),  # of the secret in use, to see when it is rotated
    Column("since", Instant),
    Column("sealed", Text),  # OAuth tokens, encrypted with what only the settings hold
    Column("expires_at", Instant),
    Column("claimed_until", Instant),  # somebody renews the tokens at this moment
)

canaries = Table(
    "canaries",
    metadata,
    Column("destination", String, primary_key=True),
    Column("share", Float, nullable=False),
    Column("since", Instant, nullable=False),
    Column("who", String, nullable=False),
    Column("rolled_back_at", Instant),
)

snapshots = Table(  # what objects were before a canary wrote them; no fields: they were not there
    "snapshots",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("destination", String, nullable=False),
    Column("action", String, nullable=False),
    Column("entity_key", String, nullable=False),
    Column("fields", Text),
)
Index(
    "snapshots_by_entity",
    snapshots.c.destination,
    snapshots.c.action,
    snapshots.c.entity_key,
    unique=True,
)

requests = Table(
    "requests",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("destination", String, nullable=False),
    Column("at", Instant, nullable=False),
)
Index("requests_by_destination", requests.c.destination, requests.c.at)

counters = Table(
    "counters",
    metadata,
    Column("destination", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("who", String, nullable=False),
    Column("what", String, nullable=False),
    Column("delivery_id", BigInteger, index=True),
    Column("reason", Text, nullable=False),
)

# The fast lane's index of the event log: hashes and positions, nothing personal. Millions of rows,
# so SQLite keeps them in the order of their keys and nowhere else.
lane_events = Table(
    "lane_events",
    metadata,
    Column("node", BigInteger, primary_key=True, autoincrement=False),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
Index("lane_events_by_position", lane_events.c.position, lane_events.c.node)

lane_links = Table(
    "lane_links",
    metadata,
    Column("node", BigInteger, primary_key=True, autoincrement=False),
    Column("linked", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
Index("lane_links_by_linked", lane_links.c.linked, lane_links.c.node)

lane_people = Table(  # as of which position the fast lane last told about a person
    "lane_people",
    metadata,
    Column("person_id", String, primary_key=True),
    Column("position", BigInteger, nullable=False),
)

positions = Table(  # how far the event log was worked off, by whom
    "positions",
    metadata,
    Column("reader", String, primary_key=True),
    Column("position", BigInteger, nullable=False),
)

lane_claims = (
    Table(  # which ranges of the log workers of the fast lane have in hand, see lane_claims
        "lane_claims",
        metadata,
        Column("last", BigInteger, primary_key=True, autoincrement=False),
        Column("after", BigInteger, nullable=False),
        Column("owner", String, nullable=False),
        Column("until", Instant, nullable=False),
        Column("passed", Boolean, nullable=False),
        Column("applied", Boolean, nullable=False),
    )
)

lane_claimed_nodes = Table(  # whom the events of such a range are about: hashes, as in lane_events
    "lane_claimed_nodes",
    metadata,
    Column("last", BigInteger, primary_key=True, autoincrement=False),
    Column("node", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
