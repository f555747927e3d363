"""What an installation says of one vendor account."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_address
from typing import ClassVar, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, SecretStr, field_validator, model_validator

from reverse_etl.quota import Budget


class ConnectorSettings(BaseModel):
    """Base of every connector's settings.

    `sandbox` names the fields without which nothing can be sent, with what a simulated vendor
    takes for them: an address on loopback needs no credentials.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    sandbox: ClassVar[Mapping[str, str]] = {}

    url: str
    timeout: timedelta = timedelta(seconds=15)

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
        for name, value in self.sandbox.items() if is_loopback(self.url) else ():
            if not secret(getattr(self, name)):
                is_secret = type(self).model_fields[name].annotation != str | None
                object.__setattr__(self, name, SecretStr(value) if is_secret else value)
        return self


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
