"""See README.md in this folder."""

from reverse_etl.connectors.enrichment.apollo import Apollo
from reverse_etl.connectors.enrichment.peopledatalabs import PeopleDataLabs
from reverse_etl.connectors.enrichment.settings import ApolloSettings, PeopleDataLabsSettings

__all__ = ["Apollo", "ApolloSettings", "PeopleDataLabs", "PeopleDataLabsSettings"]
