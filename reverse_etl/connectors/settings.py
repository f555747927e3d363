"""What an installation says of one vendor account."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from ipaddress import ip_address
from typing import Annotated, ClassVar, Final, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    SecretStr,
    field_validator,
    model_validator,
)

from reverse_etl.connectors.oauth import Grant, JwtGrant, RefreshGrant
from reverse_etl.quota import Budget

_NUMBER: Final = re.compile(r"^\d+(\.\d+)?$")


def _seconds(value: object) -> object:
    """Numbers in the environment are texts."""
    return float(value) if isinstance(value, str) and _NUMBER.match(value) else value


Seconds = Annotated[timedelta, BeforeValidator(_seconds)]


class ConnectorSettings(BaseModel):
    """Base of every connector's settings.

    `sandbox` names the fields without which nothing can be sent, with what a simulated vendor
    takes for them: an address on loopback needs no credentials.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    sandbox: ClassVar[Mapping[str, str]] = {}

    url: str
    timeout: Seconds = timedelta(seconds=15)

    @property
    def missing(self) -> tuple[str, ...]:
        """Fields that have to be set before anything can be sent."""
        return tuple(name for name in self.sandbox if not secret(getattr(self, name)))

    @property
    def budget(self) -> Budget | None:
        """Requests that we allow ourselves; None for no limit of our own."""
        return None

    @field_validator("url")
    @classmethod
    def _address(cls, url: str) -> str:
        return address(url).rstrip("/")

    @model_validator(mode="after")
    def _without_credentials(self) -> Self:
        for name in self.missing if is_loopback(self.url) else ():
            is_secret = type(self).model_fields[name].annotation != str | None
            value = self.sandbox[name]
            object.__setattr__(self, name, SecretStr(value) if is_secret else value)
        return self


class BearerSettings(ConnectorSettings):
    """An account with a bearer token: a fixed one (`token`), or one that OAuth gives us.

    `client_id` with `client_secret`: a refresh token, from `refresh_token` or from connecting the
    account once. `client_id` with `username` and `private_key` (RSA, PEM): JWT bearer.
    """

    oauth_path: ClassVar[str] = ""
    authorize_url: ClassVar[str] = ""
    scopes: ClassVar[str] = ""

    token: SecretStr | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    refresh_token: SecretStr | None = None
    username: str | None = None
    private_key: SecretStr | None = None

    @property
    def token_address(self) -> str:
        """Where tokens are given."""
        return self.url + self.oauth_path

    @property
    def authorize_address(self) -> str:
        """Where somebody signs in."""
        return self.authorize_url

    @property
    def audience(self) -> str:
        """Whom a signed statement is meant for."""
        return self.url

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(n for n in super().missing if n != "token" or not self.uses_oauth)

    @property
    def uses_oauth(self) -> bool:
        """Whether tokens come from the vendor's token endpoint."""
        signs = self.username is not None and self.private_key is not None
        return self.token is None and bool(self.client_id) and (signs or bool(self.client_secret))

    def grant(self, reveal: Callable[[SecretStr | None], str]) -> Grant:
        """What we have to show for a token, where OAuth is used."""
        client = self.client_id or ""
        if self.username and self.private_key is not None:
            key = reveal(self.private_key)
            return JwtGrant(client, self.username, self.audience, key)
        refresh = reveal(self.refresh_token) or None
        return RefreshGrant(client, reveal(self.client_secret), refresh)


def address(url: str) -> str:
    """An address that may be called. Raises ValueError, which does not repeat it."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("it must start with https:// (or http://) and name a host")
    if parts.scheme == "http" and not is_loopback(url):
        raise ValueError("plain http:// is for this machine only; use https://")
    return url


def secret(value: SecretStr | str | None) -> str:
    """What a field holds, secret or not; empty for nothing."""
    return value.get_secret_value() if isinstance(value, SecretStr) else value or ""


def is_loopback(url: str) -> bool:
    """Whether an address is of this machine itself."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
