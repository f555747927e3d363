"""The fast lane: its index of the event log, whom it told about last, and how far readers are."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "lane_events",
        sa.Column("node", sa.BigInteger(), primary_key=True),
        sa.Column("position", sa.BigInteger(), primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_index("lane_events_by_position", "lane_events", ["position", "node"])
    op.create_table(
        "lane_links",
        sa.Column("node", sa.BigInteger(), primary_key=True),
        sa.Column("linked", sa.BigInteger(), primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_index("lane_links_by_linked", "lane_links", ["linked", "node"])
    op.create_table(
        "lane_people",
        sa.Column("person_id", sa.String(), primary_key=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "positions",
        sa.Column("reader", sa.String(), primary_key=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
    )
