"""What an installation says of its Slack workspace."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from pydantic import Field, SecretStr

from reverse_etl.connectors.settings import ConnectorSettings
from reverse_etl.quota import Budget


class SlackSettings(ConnectorSettings):
    """`token`: of a bot. `channel`: the id of the channel for messages that name none."""

    sandbox: ClassVar = {"token": "sandbox", "channel": "C0SANDBOX0"}

    url: str = "https://slack.com"
    token: SecretStr | None = None
    channel: str | None = None
    requests_per_minute: int | None = Field(60, gt=0)

    @property
    def budget(self) -> Budget | None:
        if self.requests_per_minute is None:
            return None
        return Budget(self.requests_per_minute, timedelta(minutes=1))
