"""A simulated token endpoint: access tokens that expire, and a new refresh token each time."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs

from reverse_etl.sandbox.answer import Answer, Request

_JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_NEEDS: Final = {
    "refresh_token": "refresh_token",
    "authorization_code": "code",
    _JWT_BEARER: "assertion",
}


class TokenServer:
    """Tokens of one vendor. `lifetime`: seconds. Only the newest refresh token is good, as with
    vendors that rotate them; the first, whatever it is, is taken as it comes."""

    def __init__(self, lifetime: float = 1800) -> None:
        self.lifetime = lifetime
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._numbers = itertools.count(1)
        self._expiry: dict[str, float] = {}
        self._refresh: str | None = None
        self.grants: list[str] = []

    def answer(self, request: Request) -> Answer:
        """Answer a token request."""
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        grant = form.get("grant_type", "")
        if grant not in _NEEDS or not form.get(_NEEDS[grant]):
            return _refusal("unsupported_grant_type")
        if grant == "refresh_token" and self._refresh not in (None, form["refresh_token"]):
            return _refusal("invalid_grant")
        if str(form.get("client_secret", "")).startswith("invalid"):
            return _refusal("invalid_client")
        self.grants.append(grant)
        return Answer(200, self._issue(request.at, with_refresh=grant != _JWT_BEARER))

    def is_good(self, token: str, at: float) -> bool:
        """Whether we gave this token and it has not expired."""
        return self._expiry.get(token, 0) > at

    def expire(self) -> None:
        """Let every access token expire now."""
        self._expiry.clear()

    def _issue(self, at: float, *, with_refresh: bool) -> Mapping[str, Any]:
        number = next(self._numbers)
        access = f"access-{number}"
        self._expiry[access] = at + self.lifetime
        told = {"access_token": access, "token_type": "bearer", "expires_in": int(self.lifetime)}
        if not with_refresh:
            return told
        self._refresh = f"refresh-{number}"
        return {**told, "refresh_token": self._refresh}


def _refusal(code: str) -> Answer:
    return Answer(400, {"error": code, "error_description": "The token request was refused."})
