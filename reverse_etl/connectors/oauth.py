"""OAuth 2.0: access tokens that are renewed in time, once for all processes of an installation.

Grants: refresh token (RFC 6749, 6), authorisation code with PKCE (RFC 7636), JWT bearer (RFC 7523).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

import httpx
import jwt
import orjson
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from reverse_etl import catalogue
from reverse_etl.connectors.tokens import TokenStore, unusable
from reverse_etl.errors import CallFailedError, ConfigurationError
from reverse_etl.model import Kind, Outcome

_EARLY: Final = timedelta(seconds=60)  # renew before the vendor would refuse
_CLAIM: Final = timedelta(seconds=30)
_POLL_SECONDS: Final = 0.1
_ASSERTION_LIFE: Final = timedelta(minutes=3)  # Salesforce's limit, the strictest we know
_JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"

Form = Mapping[str, str]
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a token endpoint gave us. `refresh` may be new each time."""

    access: str = field(repr=False)
    refresh: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None


class Grant(Protocol):
    """What we have to show for an access token."""

    @property
    def secret(self) -> str:
        """What nobody else has: tokens are encrypted with it."""

    def form(self, now: datetime, refresh: str | None) -> Form | None:
        """The token request; None when somebody has to connect the account first."""


@dataclass(frozen=True, slots=True)
class RefreshGrant:
    """A refresh token: the one from the settings, until the vendor gives a newer one."""

    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)

    @property
    def secret(self) -> str:
        return self.client_secret

    def form(self, now: datetime, refresh: str | None) -> Form | None:
        token = refresh or self.refresh_token
        if token is None:
            return None
        client = {"client_id": self.client_id, "client_secret": self.client_secret}
        return {"grant_type": "refresh_token", "refresh_token": token, **client}


@dataclass(frozen=True, slots=True)
class JwtGrant:
    """A signed statement of who we are: `private_key` is PEM, RSA."""

    client_id: str
    username: str
    audience: str
    private_key: str = field(repr=False)

    @property
    def secret(self) -> str:
        return self.private_key

    def form(self, now: datetime, refresh: str | None) -> Form | None:
        claims = {
            "iss": self.client_id,
            "sub": self.username,
            "aud": self.audience,
            "exp": int((now + _ASSERTION_LIFE).timestamp()),
        }
        try:
            assertion = jwt.encode(claims, self.private_key, algorithm="RS256")
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise ConfigurationError(
                "The private key cannot be read.", remedy="Give an RSA key as PEM text."
            ) from error
        return {"grant_type": _JWT_BEARER, "assertion": assertion}


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """Where a vendor gives tokens."""

    client: httpx.AsyncClient
    url: str
    timeout: timedelta

    async def ask(self, form: Form, now: datetime) -> Tokens:
        """Tokens for a grant. Raises CallFailedError; no message repeats a token."""
        try:
            answer = await self.client.post(
                self.url, data=dict(form), timeout=self.timeout.total_seconds()
            )
        except httpx.RequestError as error:
            text = f"The token endpoint cannot be reached: {type(error).__name__}"
            raise _failed(Kind.UNREACHABLE, catalogue.DESTINATION_UNREACHABLE, text) from error
        body = _object(answer.content)
        if answer.status_code >= 500 or answer.status_code == 429:
            text = "The token endpoint answers with an error."
            raise _failed(Kind.RETRYABLE, catalogue.DESTINATION_ERROR, text, answer.status_code)
        access = body.get("access_token")
        if answer.status_code >= 300 or not isinstance(access, str):
            text = f"No token was given: {body.get('error') or answer.status_code}"
            code = catalogue.AUTHENTICATION_FAILED
            raise _failed(Kind.AUTHENTICATION, code, text, answer.status_code)
        return Tokens(access, body.get("refresh_token"), _expiry(body.get("expires_in"), now))


class OAuthTokens:
    """A TokenSource. Whoever finds the tokens stale renews them for everybody; the others wait.

    `grant` is read anew for each renewal: what it needs may have been rotated.
    """

    def __init__(
        self,
        destination: str,
        grant: Callable[[], Grant],
        endpoint: TokenEndpoint,
        store: TokenStore,
        *,
        clock: Clock = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._destination = destination
        self._grant = grant
        self._endpoint = endpoint
        self._store = store
        self._clock = clock
        self._sleep = sleep
        self._current: Tokens | None = None
        self._lock = asyncio.Lock()

    async def token(self) -> str:
        """See TokenSource."""
        if self._current is None or self._is_old(self._current):
            self._current = await self._fresh(None)
        return self._current.access

    async def renew(self, refused: str) -> str | None:
        """See TokenSource."""
        self._current = await self._fresh(refused)
        return self._current.access

    def _is_old(self, tokens: Tokens) -> bool:
        return tokens.expires_at is not None and tokens.expires_at - _EARLY <= self._clock()

    async def _fresh(self, refused: str | None) -> Tokens:
        """Tokens other than the refused ones, from whoever has them first."""
        async with self._lock:
            try:
                grant = await asyncio.to_thread(self._grant)
            except ConfigurationError as error:
                raise unusable(error) from error
            seal = Seal(grant.secret)
            until = self._clock() + _CLAIM
            while self._clock() < until:
                sealed = (await asyncio.to_thread(self._store.of, self._destination)).sealed
                found = seal.open(sealed)
                if found and found.access != refused and not self._is_old(found):
                    return found
                if await asyncio.to_thread(
                    self._store.claim, self._destination, sealed, now=self._clock(), ttl=_CLAIM
                ):
                    return await self._renewed(grant, seal, found)
                await self._sleep(_POLL_SECONDS)
        text = "Another process renews the tokens and does not come to an end."
        raise _failed(Kind.RETRYABLE, catalogue.DESTINATION_ERROR, text)

    async def _renewed(self, grant: Grant, seal: Seal, old: Tokens | None) -> Tokens:
        try:
            now, refresh = self._clock(), old.refresh if old else None
            form = grant.form(now, refresh)
            if form is None:
                connect = f"millrace credentials connect {self._destination}"
                text = f"Nobody has connected the account yet: `{connect}`."
                raise _failed(Kind.AUTHENTICATION, catalogue.AUTHENTICATION_FAILED, text)
            tokens = await self._endpoint.ask(form, now)
        except BaseException:
            await asyncio.to_thread(self._store.give_back, self._destination)
            raise
        tokens = replace(tokens, refresh=tokens.refresh or refresh)
        sealed = seal.close(tokens)
        await asyncio.to_thread(self._store.keep, self._destination, sealed, tokens.expires_at)
        return tokens


class Seal:
    """Encrypts tokens with a key made of a secret that is not stored beside them."""

    def __init__(self, secret: str) -> None:
        derived = HKDF(SHA256(), 32, salt=None, info=b"millrace tokens").derive(secret.encode())
        self._fernet = Fernet(base64.urlsafe_b64encode(derived))

    def close(self, tokens: Tokens) -> str:
        at = tokens.expires_at.isoformat() if tokens.expires_at else None
        content = {"access": tokens.access, "refresh": tokens.refresh, "expires_at": at}
        return self._fernet.encrypt(orjson.dumps(content)).decode()

    def open(self, sealed: str | None) -> Tokens | None:
        """The tokens; None when there are none, or when another secret closed them."""
        if sealed is None:
            return None
        try:
            content = orjson.loads(self._fernet.decrypt(sealed.encode()))
        except InvalidToken:
            return None
        at = content["expires_at"]
        expires_at = datetime.fromisoformat(at) if at else None
        return Tokens(content["access"], content["refresh"], expires_at)


def challenge(verifier: str) -> str:
    """The S256 code challenge of a verifier (RFC 7636, 4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _object(content: bytes) -> Mapping[str, Any]:
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _expiry(seconds: object, now: datetime) -> datetime | None:
    if isinstance(seconds, str) and seconds.isdecimal():
        seconds = int(seconds)
    is_number = isinstance(seconds, int) and not isinstance(seconds, bool)
    return now + timedelta(seconds=seconds) if is_number else None  # type: ignore[arg-type]


def _failed(kind: Kind, code: str, text: str, status: int | None = None) -> CallFailedError:
    return CallFailedError(Outcome(kind, code, text, status))
