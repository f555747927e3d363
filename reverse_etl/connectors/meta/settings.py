"""What an installation says of its Meta dataset."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from pydantic import Field, SecretStr

from reverse_etl.connectors.settings import ConnectorSettings
from reverse_etl.quota import Budget


class MetaSettings(ConnectorSettings):
    """`token`: of a system user. `dataset`: the dataset (pixel) id. `at_most_once`: give an event
    up rather than repeat it when its answer was lost."""

    sandbox: ClassVar = {"token": "sandbox", "dataset": "1000000000000000"}

    url: str = "https://graph.facebook.com"
    token: SecretStr | None = None
    dataset: str | None = None
    api_version: str = "v26.0"
    test_event_code: str | None = None
    at_most_once: bool = False
    requests_per_minute: int | None = Field(None, gt=0)
    ad_accounts: str = Field("", description="Whose cost is pulled; a comma separates several.")
    pages: str = Field("", description="Whose leads are pulled; a comma separates several.")

    @property
    def budget(self) -> Budget | None:
        if self.requests_per_minute is None:
            return None
        return Budget(self.requests_per_minute, timedelta(minutes=1))
