"""The ledger's schema, version by version (Alembic).

A change of `schema.py` needs a file in `versions/`; a test compares what they lead to with the
tables as they are declared. Each version is one transaction, on SQLite too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

from reverse_etl.errors import LedgerNewerError

HEAD: Final = "0009"
_FOLDER: Final = Path(__file__).parent
_KNOWN: Final = frozenset(path.name.partition("_")[0] for path in (_FOLDER / "versions").glob("0*"))


def upgrade(connection: Connection) -> None:
    """Bring the schema to HEAD within the transaction that the connection is in.

    Raises LedgerNewerError when a newer release made it.
    """
    version = _version(connection)
    if version == HEAD:
        return
    require_known(version)
    # Imported late: most times there is nothing to do.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)


def require_known(version: str | None) -> None:
    """Raise LedgerNewerError for a version that only a newer release knows."""
    if version is not None and version not in _KNOWN:
        raise LedgerNewerError


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.scalar(text("select version_num from alembic_version"))
    return None if found is None else str(found)
