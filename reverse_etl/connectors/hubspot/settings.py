"""What an installation says of its HubSpot portal."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from pydantic import Field, SecretStr

from reverse_etl.connectors.settings import ConnectorSettings
from reverse_etl.quota import Budget


class HubSpotSettings(ConnectorSettings):
    """`token`: of a private app. `api_version`: "v3", or a dated one such as "2026-09"."""

    sandbox: ClassVar = {"token": "sandbox"}

    url: str = "https://api.hubapi.com"
    token: SecretStr | None = None
    api_version: str = "v3"
    requests_per_10s: int | None = Field(100, gt=0)

    @property
    def budget(self) -> Budget | None:
        if self.requests_per_10s is None:
            return None
        return Budget(self.requests_per_10s, timedelta(seconds=10))
