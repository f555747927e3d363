"""What an installation says of the receiver of its webhooks."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from pydantic import Field, SecretStr, field_validator

from reverse_etl.connectors.settings import ConnectorSettings, address, secret
from reverse_etl.connectors.webhook.signing import PREFIX, keys
from reverse_etl.quota import Budget


class WebhookSettings(ConnectorSettings):
    """`url`: the receiver's whole address. `signing_secrets`: `whsec_…`, comma-separated while
    the receiver changes to a new one. `at_most_once`: give an event up rather than repeat it when
    its answer was lost."""

    sandbox: ClassVar = {
        "url": "",
        "signing_secrets": "whsec_c2FuZGJveC1zYW5kYm94LXNhbmRib3gtc2FuZGJveA==",
    }

    url: str = Field("", repr=False)
    signing_secrets: SecretStr | None = None
    at_most_once: bool = False
    requests_per_minute: int | None = Field(None, gt=0)

    @field_validator("url")
    @classmethod
    def _address(cls, url: str) -> str:
        return address(url) if url else url  # a receiver may care about its last slash

    @field_validator("signing_secrets")
    @classmethod
    def _readable(cls, secrets: SecretStr | None) -> SecretStr | None:
        if secret(secrets).startswith(PREFIX):  # anything else names a place that holds them
            keys(secret(secrets))
        return secrets

    @property
    def budget(self) -> Budget | None:
        if self.requests_per_minute is None:
            return None
        return Budget(self.requests_per_minute, timedelta(minutes=1))
