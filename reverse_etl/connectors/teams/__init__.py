"""See README.md in this folder."""

from reverse_etl.connectors.teams.connector import Teams
from reverse_etl.connectors.teams.settings import TeamsSettings

__all__ = ["Teams", "TeamsSettings"]
