"""Connect an account by OAuth's authorisation code and PKCE; the browser comes back to loopback."""

from __future__ import annotations

import asyncio
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from orchestration.errors import ConnectingError
from orchestration.secret_sources import reveal
from reverse_etl.connectors import http_client
from reverse_etl.connectors.oauth import Seal, TokenEndpoint, Tokens, challenge
from reverse_etl.connectors.settings import BearerSettings, secret
from reverse_etl.connectors.tokens import TokenStore
from reverse_etl.errors import CallFailedError

_DONE = b"Millrace has what it needs. You can close this window."


def connect(
    destination: str,
    account: BearerSettings,
    store: TokenStore,
    *,
    port: int,
    show: Callable[[str], None],
    wait: timedelta,
) -> datetime | None:
    """Get tokens that belong to whoever signs in, and keep them; returns when they expire.

    `show` is given the address that the browser must open. Raises ConnectingError.
    """
    if not (account.authorize_address and account.client_id and account.client_secret):
        raise ConnectingError(
            f"{destination} has no client id and secret to connect with.",
            remedy=f"Set MILLRACE_{destination.upper()}_CLIENT_ID and …_CLIENT_SECRET.",
        )
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
    redirect = f"http://localhost:{port}/callback"
    query = {
        "response_type": "code",
        "client_id": account.client_id,
        "redirect_uri": redirect,
        "scope": account.scopes,
        "state": state,
        "code_challenge": challenge(verifier),
        "code_challenge_method": "S256",
    }
    with _Callback(port, state) as callback:
        show(f"{account.authorize_address}?{urlencode(query)}")
        code = callback.wait(wait)
    client_secret = reveal(secret(account.client_secret))
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect,
        "client_id": account.client_id,
        "client_secret": client_secret,
        "code_verifier": verifier,
    }
    try:
        tokens = asyncio.run(_ask(account, form))
    except CallFailedError as error:
        raise ConnectingError(str(error)) from error
    if tokens.refresh is None:
        raise ConnectingError(
            "The vendor gave no refresh token.",
            remedy="Allow offline access (a refresh token) for this app at the vendor.",
        )
    store.keep(destination, Seal(client_secret).close(tokens), tokens.expires_at)
    return tokens.expires_at


async def _ask(account: BearerSettings, form: Mapping[str, str]) -> Tokens:
    async with http_client() as client:
        endpoint = TokenEndpoint(client, account.token_address, account.timeout)
        return await endpoint.ask(form, datetime.now(UTC))


class _Callback:
    """Listens on loopback until the browser comes back with our state."""

    def __init__(self, port: int, state: str) -> None:
        self._state = state
        self._found: dict[str, str] = {}
        try:
            self._server = HTTPServer(("127.0.0.1", port), self._handler())
        except OSError as error:
            raise ConnectingError(
                f"Nothing can listen on port {port}: {error.strerror}.",
                remedy="Choose another with --port, and allow its address at the vendor.",
            ) from None

    def __enter__(self) -> _Callback:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.server_close()

    def wait(self, limit: timedelta) -> str:
        """The code. Raises ConnectingError."""
        until = time.monotonic() + limit.total_seconds()
        while not self._found:
            self._server.timeout = until - time.monotonic()
            if self._server.timeout <= 0:
                raise ConnectingError("Nobody signed in in time.")
            self._server.handle_request()
        if "code" not in self._found:
            raise ConnectingError(f"The vendor refused: {self._found.get('error', 'no code')}.")
        return self._found["code"]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        callback = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = parse_qs(urlsplit(self.path).query)
                given = query.get("state", [""])[0]
                ours = hmac.compare_digest(given.encode(), callback._state.encode())
                if ours:
                    callback._found = {name: values[0] for name, values in query.items()}
                self.send_response(200 if ours else 400)
                self.end_headers()
                self.wfile.write(_DONE if ours else b"This is not the answer we wait for.")

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name
                """The address holds the code: it is not logged."""

        return Handler
