"""Bearer tokens: where a connector gets one, and a new one when the vendor refuses it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from reverse_etl.errors import CallFailedError, ConfigurationError
from reverse_etl.model import Kept, Kind, Outcome


class TokenSource(Protocol):
    """Gives access tokens. Both methods raise CallFailedError when none can be had now."""

    async def token(self) -> str:
        """The token to send."""

    async def renew(self, refused: str) -> str | None:
        """Another one than that which the vendor refused; None when there is none."""


class TokenStore(Protocol):
    """Where processes share tokens; the ledger's credentials are one."""

    def of(self, destination: str) -> Kept:
        """What is stored for a destination."""

    def claim(self, destination: str, seen: str | None, *, now: datetime, ttl: timedelta) -> bool:
        """Whether the caller may renew what it has seen."""

    def keep(self, destination: str, sealed: str, expires_at: datetime | None) -> None:
        """Store new tokens and give back the claim."""

    def give_back(self, destination: str) -> None:
        """The renewal failed."""


class SettingToken:
    """A token from the settings. When it is refused it is read again: somebody may have put a new
    one into the file or the secrets manager that the setting names."""

    def __init__(self, read: Callable[[], str]) -> None:
        self._read = read
        self._value: str | None = None

    async def token(self) -> str:
        """See TokenSource."""
        if self._value is None:
            self._value = await self._newest()
        return self._value

    async def renew(self, refused: str) -> str | None:
        """See TokenSource."""
        self._value = await self._newest()
        return self._value if self._value != refused else None

    async def _newest(self) -> str:
        try:
            return await asyncio.to_thread(self._read)
        except ConfigurationError as error:
            raise unusable(error) from error


def unusable(error: ConfigurationError) -> CallFailedError:
    """No token can be had before somebody mends the settings: the destination stops."""
    return CallFailedError(Outcome(Kind.AUTHENTICATION, error.code, str(error)))
