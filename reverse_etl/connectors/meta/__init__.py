"""See README.md in this folder."""

from reverse_etl.connectors.meta.connector import MetaCapi
from reverse_etl.connectors.meta.settings import MetaSettings

__all__ = ["MetaCapi", "MetaSettings"]
