"""Settings: the one place that reads the environment (`MILLRACE_*`, or a `.env` file)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from orchestration.errors import SettingError

SECRET_PREFIX = "MILLRACE_WEBHOOK_SECRET_"  # noqa: S105  the name of a variable, not a secret
SANDBOX_CREDENTIAL = "sandbox"


class Settings(BaseSettings):
    """Everything that differs between two installations.

    `home` holds all that is embedded (event log, ledger, warehouse, Dagster's storage);
    `log_url`, `ledger_url` and `warehouse` move one of them elsewhere.
    """

    model_config = SettingsConfigDict(
        env_prefix="MILLRACE_", env_file=".env", extra="ignore", frozen=True
    )

    home: Path = Path(".millrace")
    log_url: str = ""
    ledger_url: str = ""
    warehouse: Path = Path()

    public_url: str | None = Field(
        None, description="The URL that vendors post to; HubSpot signs it, a proxy may hide it."
    )
    max_body_bytes: int = Field(1_048_576, gt=0)

    hubspot_url: str = "https://api.hubapi.com"
    hubspot_token: SecretStr | None = None
    hubspot_api_version: str = "v3"
    hubspot_requests_per_10s: int = Field(100, gt=0)

    meta_url: str = "https://graph.facebook.com"
    meta_token: SecretStr | None = None
    meta_dataset: str | None = None
    meta_api_version: str = "v26.0"
    meta_test_event_code: str | None = None
    meta_at_most_once: bool = False

    @field_validator("log_url", "ledger_url")
    @classmethod
    def _supported(cls, url: str) -> str:
        if url and not url.startswith("sqlite:///"):
            raise ValueError("only sqlite:///<absolute path> is supported so far")
        return url

    @field_validator("hubspot_url", "meta_url")
    @classmethod
    def _address(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("it must start with https:// (or http://) and name a host")
        if parts.scheme == "http" and not is_loopback(url):
            raise ValueError("plain http:// is for this machine only; use https://")
        return url

    @field_validator("home", "warehouse")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return path.expanduser().resolve() if path != Path() else path

    def model_post_init(self, _context: object) -> None:
        defaults = {
            "log_url": f"sqlite:///{self.home / 'event_log.sqlite'}",
            "ledger_url": f"sqlite:///{self.home / 'ledger.sqlite'}",
            "warehouse": self.home / "warehouse.duckdb",
        }
        for name, default in defaults.items():
            if getattr(self, name) in ("", Path()):
                object.__setattr__(self, name, default)

    @property
    def published(self) -> Path:
        """The read-only copy of the warehouse that analysts, BI and `why` open."""
        return self.home / "published" / "warehouse.duckdb"

    @property
    def dagster_home(self) -> Path:
        return self.home / "dagster"

    @property
    def dbt_target(self) -> Path:
        return self.home / "dbt" / "target"


def load_settings() -> Settings:
    """Read and check the settings; a wrong one is named, its value is not printed.

    Raises SettingError.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = "MILLRACE_" + str(first["loc"][0]).upper()
        reason = first["msg"].removeprefix("Value error, ")
        raise SettingError(f"{name} is not usable: {reason}.") from None


def webhook_secrets(environ: Mapping[str, str | None] | None = None) -> dict[str, tuple[str, ...]]:
    """`MILLRACE_WEBHOOK_SECRET_<SOURCE>` → {source: secrets}; a comma separates rotating ones."""
    if environ is None:
        environ = {**dotenv_values(".env"), **os.environ}
    return {
        name.removeprefix(SECRET_PREFIX).lower(): tuple(
            secret.strip() for secret in value.split(",") if secret.strip()
        )
        for name, value in environ.items()
        if name.startswith(SECRET_PREFIX) and value
    }


def credential(secret: SecretStr | None, url: str) -> str | None:
    """The configured credential; a destination on loopback is a sandbox and takes any."""
    if secret is not None:
        return secret.get_secret_value()
    return SANDBOX_CREDENTIAL if is_loopback(url) else None


def is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
