"""What an installation says of its HubSpot portal."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from pydantic import Field

from reverse_etl.connectors.settings import BearerSettings
from reverse_etl.quota import Budget


class HubSpotSettings(BearerSettings):
    """`token`: of a private app; OAuth is for a public one. `api_version`: "v3", or a dated one
    such as "2026-09"."""

    sandbox: ClassVar = {"token": "sandbox"}
    oauth_path: ClassVar = "/oauth/2026-03/token"
    authorize_url: ClassVar = "https://app.hubspot.com/oauth/authorize"
    scopes: ClassVar = (
        "crm.objects.contacts.read crm.objects.contacts.write"
        " crm.schemas.contacts.read crm.schemas.contacts.write"
    )

    url: str = "https://api.hubapi.com"
    api_version: str = "v3"
    requests_per_10s: int | None = Field(100, gt=0)

    @property
    def budget(self) -> Budget | None:
        if self.requests_per_10s is None:
            return None
        return Budget(self.requests_per_10s, timedelta(seconds=10))
