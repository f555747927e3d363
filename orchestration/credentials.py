"""A watch on credentials: which are missing or unreadable, how old they are, when they expire."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pydantic import SecretStr

from orchestration import accounts
from orchestration.secret_sources import reveal, source_of
from orchestration.settings import Settings
from reverse_etl import catalogue
from reverse_etl.connectors.settings import BearerSettings, ConnectorSettings, is_loopback, secret
from reverse_etl.errors import SecretUnavailableError
from reverse_etl.ledger import Ledger
from reverse_etl.model import Problem

Kind = Literal["token", "refresh token", "JWT bearer", "none"]


@dataclass(frozen=True, slots=True)
class Credential:
    """The credentials of one destination. `source`: where the secret lives; `since`: when it was
    first used here; `expires_at`: of the access token; `code`: what is wrong."""

    destination: str
    kind: Kind
    source: str
    since: datetime | None = None
    age_days: int = 0
    expires_at: datetime | None = None
    code: str | None = None


def watch(
    settings: Settings, ledger: Ledger, names: Collection[str], *, now: datetime
) -> list[Credential]:
    """Look at the credentials of these destinations; a secret that is seen for the first time is
    noted, as a fingerprint."""
    return [_look(settings, name, ledger, now) for name in names]


def problems(
    settings: Settings, ledger: Ledger, names: Collection[str], *, now: datetime
) -> list[Problem]:
    """Credentials of these destinations that somebody has to replace."""
    return [
        Problem(
            catalogue.CREDENTIAL_OLD,
            each.destination,
            f"The {each.kind} of {each.destination} is {each.age_days} days old.",
            catalogue.remedy(catalogue.CREDENTIAL_OLD),
        )
        for each in watch(settings, ledger, names, now=now)
        if each.code == catalogue.CREDENTIAL_OLD
    ]


def _look(settings: Settings, name: str, ledger: Ledger, now: datetime) -> Credential:
    account = accounts.account(settings, name)
    kind, setting = main_secret(account)
    if account.missing or not setting:
        return Credential(name, "none", "", code="CREDENTIAL_MISSING")
    source = source_of(setting)
    try:
        fingerprint = hashlib.sha256(f"{name}:{reveal(setting)}".encode()).hexdigest()[:16]
    except SecretUnavailableError as error:
        return Credential(name, kind, source, code=error.code)
    since = ledger.credentials.notice(name, fingerprint, now)
    age = now - since
    old = age > timedelta(days=settings.credential_max_days) and not is_loopback(account.url)
    return Credential(
        name,
        kind,
        source,
        since,
        age.days,
        ledger.credentials.of(name).expires_at,
        catalogue.CREDENTIAL_OLD if old else None,
    )


def main_secret(account: ConnectorSettings) -> tuple[Kind, str]:
    """The secret that stands for an account, as the settings have it."""
    if isinstance(account, BearerSettings) and account.uses_oauth:
        if account.username and account.private_key is not None:
            return "JWT bearer", secret(account.private_key)
        return "refresh token", secret(account.client_secret)
    secrets = (getattr(account, name) for name in account.sandbox)
    return "token", next((secret(each) for each in secrets if isinstance(each, SecretStr)), "")
