"""What an installation says of its Salesforce org."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Final

from pydantic import Field

from reverse_etl.connectors.settings import BearerSettings, Seconds
from reverse_etl.quota import Budget

_LOGIN: Final = "https://login.salesforce.com"


class SalesforceSettings(BearerSettings):
    """`url`: the org's own address (My Domain). `token`: an access token, for trying things out;
    `login_url`: whom a signed statement is for (a sandbox org: https://test.salesforce.com).
    `external_id_field`: our
    key on every object. `keep_share`: the share of the org's daily requests that is left to
    others. `bulk_above`: rows from which a bulk job is made; `bulk_wait`: how long a batch waits
    for its job before it is left to be read back."""

    sandbox: ClassVar = {"token": "sandbox"}
    oauth_path: ClassVar = "/services/oauth2/token"
    scopes: ClassVar = "api refresh_token"

    url: str = _LOGIN
    login_url: str = _LOGIN
    api_version: str = Field("v62.0", pattern=r"^v\d+\.0$")
    external_id_field: str = Field("Millrace_Id__c", pattern=r"^[A-Za-z]\w*$")
    keep_share: float = Field(0.05, ge=0, lt=1)
    requests_per_minute: int | None = Field(None, gt=0)
    bulk_above: int = Field(2000, gt=0)
    bulk_wait: Seconds = timedelta(seconds=10)

    @property
    def missing(self) -> tuple[str, ...]:
        unset = ("url",) if self.url == _LOGIN else ()
        return (*unset, *super().missing)

    @property
    def audience(self) -> str:
        return self.login_url

    @property
    def authorize_address(self) -> str:
        return f"{self.url}/services/oauth2/authorize"

    @property
    def budget(self) -> Budget | None:
        if self.requests_per_minute is None:
            return None
        return Budget(self.requests_per_minute, timedelta(minutes=1))
