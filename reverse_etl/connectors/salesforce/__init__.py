"""See README.md in this folder."""

from reverse_etl.connectors.salesforce.connector import Salesforce
from reverse_etl.connectors.salesforce.settings import SalesforceSettings

__all__ = ["Salesforce", "SalesforceSettings"]
