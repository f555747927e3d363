"""Which ranges of the log the workers of the fast lane have in hand, and whom these are about."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "lane_claims",
        sa.Column("last", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("applied", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "lane_claimed_nodes",
        sa.Column("last", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("node", sa.BigInteger(), primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
