"""See README.md in this folder."""

from reverse_etl.connectors.ga4.connector import Ga4
from reverse_etl.connectors.ga4.settings import Ga4Settings

__all__ = ["Ga4", "Ga4Settings"]
