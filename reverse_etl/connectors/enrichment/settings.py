"""What an installation says of the vendors whom it asks about people."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from pydantic import Field, SecretStr

from reverse_etl.connectors.settings import ConnectorSettings
from reverse_etl.quota import Budget

_RESERVED = 0.2  # of the credits, for hot leads


class EnrichmentSettings(ConnectorSettings):
    """`credits_per_day`: matches that we pay for within any 24 hours, over all processes.
    `at_most_once`: give a question up rather than repeat it, and perhaps pay twice, when its
    answer was lost."""

    sandbox: ClassVar = {"api_key": "sandbox"}

    api_key: SecretStr | None = None
    credits_per_day: int | None = Field(100, gt=0)
    requests_per_minute: int | None = Field(None, gt=0)
    at_most_once: bool = False

    @property
    def budget(self) -> Budget | None:
        if self.requests_per_minute is None:
            return None
        return Budget(self.requests_per_minute, timedelta(minutes=1))

    @property
    def credits(self) -> Budget | None:
        """Credits that we allow ourselves; None for as many as the vendor gives."""
        if self.credits_per_day is None:
            return None
        return Budget(self.credits_per_day, timedelta(days=1), reserved_share=_RESERVED)


class ApolloSettings(EnrichmentSettings):
    """`api_key`: one that may use people enrichment."""

    url: str = "https://api.apollo.io"
    requests_per_minute: int | None = Field(50, gt=0)


class PeopleDataLabsSettings(EnrichmentSettings):
    """`min_likelihood`: 1 to 10, how sure the vendor must be that it means the same person.
    `phones`: whether a mobile number that it knows is taken."""

    url: str = "https://api.peopledatalabs.com"
    requests_per_minute: int | None = Field(100, gt=0)
    min_likelihood: int = Field(6, ge=1, le=10)
    phones: bool = False
