"""Access tokens of a simulated org: given out for a refresh token or a signed assertion."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final
from urllib.parse import parse_qs

import orjson

from reverse_etl.sandbox.answer import Answer, Request

PATH: Final = "/services/oauth2/token"
_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_BAD: Final = ("expired", "invalid")
_CLAIMS: Final = {"iss", "sub", "aud", "exp"}


class Tokens:
    """`lifetime`: seconds that a token is good for. A token that nobody was given is good too,
    unless its name says otherwise."""

    def __init__(self, lifetime: float) -> None:
        self._lifetime = lifetime
        self._issued: dict[str, float] = {}

    def issued(self) -> list[dict[str, Any]]:
        """How many tokens were given out, and until when each is good; not the tokens."""
        return [{"number": n, "until": until} for n, until in enumerate(self._issued.values(), 1)]

    def accepts(self, request: Request) -> bool:
        """Whether a request carries a good token."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        if token in self._issued:
            return request.at < self._issued[token]
        return bool(token) and not token.startswith(_BAD)

    def grant(self, request: Request) -> Answer:
        """POST /services/oauth2/token"""
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        problem = _problem(form, request.at)
        if problem:
            code, text = problem
            return Answer(400, {"error": code, "error_description": text})
        token = f"00D5g00000Sandbox!AQ{len(self._issued) + 1:08d}"
        self._issued[token] = request.at + self._lifetime
        host = f"http://{request.headers.get('host', 'localhost')}"
        answer = {
            "access_token": token,
            "instance_url": host,
            "id": f"{host}/id/00D5g00000SandboxEAA/0055g00000SandboxAAA",
            "token_type": "Bearer",
            "issued_at": str(int(request.at * 1000)),
            "scope": "api",
        }
        return Answer(200, answer)


def _problem(form: dict[str, str], at: float) -> tuple[str, str] | None:
    kind = form.get("grant_type")
    if kind == "refresh_token":
        if not form.get("client_id"):
            return "invalid_client_id", "client identifier invalid"
        token = form.get("refresh_token", "")
        good = token and not token.startswith(_BAD)
        return None if good else ("invalid_grant", "expired access/refresh token")
    if kind == _BEARER:
        return _assertion_problem(form.get("assertion", ""), at)
    return "unsupported_grant_type", "grant type not supported"


def _assertion_problem(assertion: str, at: float) -> tuple[str, str] | None:
    """The shape and the time are looked at; a signature is not."""
    parts = assertion.split(".")
    try:
        header, claims = (orjson.loads(_decoded(part)) for part in parts[:2])
        signature = _decoded(parts[2])
    except (ValueError, IndexError, binascii.Error):
        return "invalid_grant", "invalid assertion"
    if not isinstance(header, dict) or header.get("alg") != "RS256" or not signature:
        return "invalid_grant", "invalid assertion"
    if not isinstance(claims, dict) or not claims.keys() >= _CLAIMS:
        return "invalid_grant", "invalid assertion"
    if not isinstance(claims["exp"], int | float) or claims["exp"] <= at:
        return "invalid_grant", "expired authorization code"
    return None


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
