"""What an installation says of its Teams channel."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar
from urllib.parse import urlsplit, urlunsplit

from pydantic import Field, SecretStr, field_validator

from reverse_etl.connectors.settings import ConnectorSettings, address, secret
from reverse_etl.quota import Budget


class TeamsSettings(ConnectorSettings):
    """`webhook_url`: as the workflow shows it; whoever knows it may post, so it is a secret.
    `url`: a proxy, or a simulated Teams, that stands in place of its host. `at_most_once`: give a
    message up rather than repeat it when its answer was lost."""

    sandbox: ClassVar = {
        "webhook_url": "https://sandbox.invalid/teams/workflows/0/triggers/manual?sig=sandbox"
    }

    url: str = ""
    webhook_url: SecretStr | None = None
    at_most_once: bool = False
    requests_per_minute: int | None = Field(60, gt=0)

    @field_validator("webhook_url")
    @classmethod
    def _webhook_address(cls, url: SecretStr | None) -> SecretStr | None:
        if secret(url).startswith("http"):  # anything else names a place that holds it
            address(secret(url))
        return url

    def address(self, webhook_url: str) -> str:
        """Where messages go, whole. Raises ValueError, which does not repeat it."""
        parts = urlsplit(address(webhook_url))
        if not self.url:
            return parts.geturl()
        return self.url + urlunsplit(("", "", parts.path, parts.query, ""))

    @property
    def budget(self) -> Budget | None:
        if self.requests_per_minute is None:
            return None
        return Budget(self.requests_per_minute, timedelta(minutes=1))
