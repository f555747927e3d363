"""Tokens that vendors gave us, and since when a secret is in use."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "credentials",
        sa.Column("destination", sa.String(), primary_key=True),
        sa.Column("fingerprint", sa.String()),
        sa.Column("since", sa.BigInteger()),
        sa.Column("sealed", sa.Text()),
        sa.Column("expires_at", sa.BigInteger()),
        sa.Column("claimed_until", sa.BigInteger()),
    )
