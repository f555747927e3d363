"""Bearer tokens: where a connector gets one, and a new one when the vendor refuses it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


class TokenSource(Protocol):
    """Gives access tokens. Both methods raise CallFailedError when none can be had now."""

    async def token(self) -> str:
        """The token to send."""

    async def renew(self, refused: str) -> str | None:
        """Another one than that which the vendor refused; None when there is none."""


@dataclass(frozen=True, slots=True)
class FixedToken:
    """A token that somebody put into the settings: when it is refused, it stays refused."""

    value: str = field(repr=False)

    async def token(self) -> str:
        return self.value

    async def renew(self, refused: str) -> str | None:
        return None
