"""What an installation says of its Google Analytics data stream."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from pydantic import Field, SecretStr

from reverse_etl.connectors.settings import ConnectorSettings
from reverse_etl.quota import Budget


class Ga4Settings(ConnectorSettings):
    """`measurement_id` and `api_secret`: of a web stream. `url`: Google's, or that of a tagging
    server of one's own. `at_most_once`: give an event up rather than repeat it when its answer was
    lost."""

    sandbox: ClassVar = {"measurement_id": "G-SANDBOX000", "api_secret": "sandbox"}

    url: str = "https://www.google-analytics.com"
    measurement_id: str | None = None
    api_secret: SecretStr | None = None
    at_most_once: bool = False
    requests_per_minute: int | None = Field(None, gt=0)

    @property
    def budget(self) -> Budget | None:
        if self.requests_per_minute is None:
            return None
        return Budget(self.requests_per_minute, timedelta(minutes=1))
