"""The ledger's first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _deliveries()
    op.create_table(
        "attempts",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.String(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("milliseconds", sa.Float(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("response", sa.Text(), nullable=False),
        sa.Column("correlation_id", sa.String(), nullable=False),
    )
    op.create_index("ix_attempts_delivery_id", "attempts", ["delivery_id"])
    op.create_table(
        "entities",
        sa.Column("destination", sa.String(), primary_key=True),
        sa.Column("object_kind", sa.String(), primary_key=True),
        sa.Column("entity_key", sa.String(), primary_key=True),
        sa.Column("vendor_id", sa.String()),
        sa.Column("payload_hash", sa.String()),
        sa.Column("delivered_at", sa.BigInteger()),
        sa.Column("gone_at", sa.BigInteger()),
    )
    op.create_table(
        "consents",
        sa.Column("person_id", sa.String(), primary_key=True),
        sa.Column("purpose", sa.String(), primary_key=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("consent_id", sa.String()),
        sa.Column("decided_at", sa.BigInteger()),
    )
    op.create_table(
        "breakers",
        sa.Column("destination", sa.String(), primary_key=True),
        sa.Column("window", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.BigInteger()),
        sa.Column("probe_at", sa.BigInteger()),
        sa.Column("stopped_code", sa.String()),
        sa.Column("stopped_at", sa.BigInteger()),
        sa.Column("paused_until", sa.BigInteger()),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "requests",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("destination", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.create_index("requests_by_destination", "requests", ["destination", "at"])
    op.create_table(
        "counters",
        sa.Column("destination", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("value", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("delivery_id", sa.BigInteger()),
        sa.Column("reason", sa.Text(), nullable=False),
    )
    op.create_index("ix_audit_delivery_id", "audit", ["delivery_id"])


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("destination", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("entity_key", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("external_id", sa.String()),
        sa.Column("order_key", sa.String(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("payload_hash", sa.String(), nullable=False),
        sa.Column("event_time", sa.BigInteger(), nullable=False),
        sa.Column("deadline_at", sa.BigInteger()),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("consent_status", sa.String(), nullable=False),
        sa.Column("consent_id", sa.String()),
        sa.Column("correlation_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("code", sa.String()),
        sa.Column("message", sa.Text()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("possible_repeats", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("urgency", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("last_attempt_at", sa.BigInteger()),
        sa.Column("delivered_at", sa.BigInteger()),
        sa.Column("vendor_id", sa.String()),
        sa.Column("lease", sa.String()),
        sa.Column("lease_until", sa.BigInteger()),
    )
    by = {
        "deliveries_by_entity": ["destination", "action", "entity_key", "id"],
        "deliveries_queue": ["destination", "state", "priority", "urgency", "order_key", "id"],
        "deliveries_by_person": ["destination", "person_id", "state", "id"],
        "deliveries_by_correlation": ["correlation_id"],
        "deliveries_of_person": ["person_id"],
    }
    for name, columns in by.items():
        op.create_index(name, "deliveries", columns)
    once = sa.text("mode = 'event'")
    op.create_index(
        "deliveries_event_once",
        "deliveries",
        ["destination", "action", "entity_key"],
        unique=True,
        sqlite_where=once,
        postgresql_where=once,
    )
