"""What connectors need from the process they run in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
from pydantic import SecretStr

from reverse_etl.connectors.oauth import OAuthTokens, TokenEndpoint
from reverse_etl.connectors.settings import BearerSettings, secret
from reverse_etl.connectors.tokens import SettingToken, TokenSource, TokenStore
from reverse_etl.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Outside:
    """`reveal`: what stands in a setting → the secret itself, which may live in a file or in a
    secrets manager. `store`: where processes share tokens; needed for OAuth only."""

    client: httpx.AsyncClient
    reveal: Callable[[str], str] = str
    store: TokenStore | None = field(default=None, repr=False)

    def secret(self, value: SecretStr | str | None) -> str:
        """The secret that a setting holds or names; empty for none."""
        return self.reveal(secret(value))

    def tokens(self, destination: str, settings: BearerSettings) -> TokenSource:
        """Where this account's access tokens come from."""
        if not settings.uses_oauth:
            return SettingToken(lambda: self.secret(settings.token))
        if self.store is None:
            raise ConfigurationError("OAuth needs a place that keeps tokens.")
        endpoint = TokenEndpoint(self.client, settings.token_address, settings.timeout)
        return OAuthTokens(destination, lambda: settings.grant(self.secret), endpoint, self.store)
