"""What an installation says of accounts that are only read from."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import ClassVar, Final

from pydantic import Field, SecretStr

from reverse_etl.connectors.settings import ConnectorSettings
from reverse_etl.quota import Budget

PULLED: Final = ("hubspot", "salesforce", "stripe", "calendly", "meta", "googleads")
"""Sources whose APIs can be read."""
BY_DAY: Final = ("meta",)
"""Those that can be asked for chosen days."""


class StripeSettings(ConnectorSettings):
    """`token`: a restricted key that may read customers, events and the account."""

    sandbox: ClassVar = {"token": "sandbox"}

    url: str = "https://api.stripe.com"
    token: SecretStr | None = None
    requests_per_minute: int = Field(600, gt=0)

    @property
    def budget(self) -> Budget | None:
        return Budget(self.requests_per_minute, timedelta(minutes=1))


class CalendlySettings(ConnectorSettings):
    """`token`: a personal access token of somebody who may see the organization's events."""

    sandbox: ClassVar = {"token": "sandbox"}

    url: str = "https://api.calendly.com"
    token: SecretStr | None = None
    requests_per_minute: int = Field(50, gt=0)

    @property
    def budget(self) -> Budget | None:
        return Budget(self.requests_per_minute, timedelta(minutes=1))


class GoogleAdsSettings(ConnectorSettings):
    """`folder`: where reports by campaign and day are exported to."""

    url: str = "https://googleads.googleapis.com"
    folder: Path | None = None
