"""Handshakes: before it sends anything, a vendor asks by GET whether the address is ours."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ingestion.errors import HandshakeRefusedError
from ingestion.webhooks.base import Reply

# An answer repeats what anybody may have put into the address: short, and never as HTML.
_MOST_CHARACTERS = 1000


@dataclass(frozen=True, slots=True)
class ChallengeHandshake:
    """Echoes the query parameter ``challenge`` when ``token`` holds a token of ours.

    ``fixed`` are parameters that must have these values. Without ``token`` (vendors that send
    none) everybody gets his echo, which tells him only that the address exists.
    """

    challenge: str
    token: str | None = None
    fixed: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, query: Mapping[str, str], tokens: Sequence[str]) -> Reply:
        """See ``Handshake``."""
        if any(query.get(name) != value for name, value in self.fixed.items()):
            raise HandshakeRefusedError(f"The handshake needs {', '.join(self.fixed)}.")
        if self.token is not None:
            _check_token(query.get(self.token, ""), tokens)
        challenge = query.get(self.challenge, "")
        if not challenge.isprintable() or not 0 < len(challenge) <= _MOST_CHARACTERS:
            raise HandshakeRefusedError(f"The handshake needs {self.challenge}.")
        return Reply(challenge.encode(), media_type="text/plain; charset=utf-8")


def _check_token(sent: str, tokens: Sequence[str]) -> None:
    """Refuse a token that is none of ours; a blank one is no token."""
    known = [token.strip() for token in tokens if token.strip()]
    given = sent.encode("utf-8", "surrogatepass")
    matches = [
        hmac.compare_digest(token.encode("utf-8", "surrogatepass"), given) for token in known
    ]
    if not any(matches):
        raise HandshakeRefusedError
