"""A watch on credentials: which are missing, unreadable or refused, how old, and when they end.

Those of destinations and of sources that are pulled. Deliveries and pulls ask vendors anyway, and
what became of that is known; `check` asks at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from pydantic import SecretStr

from ingestion.errors import PullCredentialsError, PullError
from ingestion.event_log import EventLog
from ingestion.pulls.state import PullState
from orchestration import accounts
from orchestration.secret_sources import reveal, source_of
from orchestration.settings import Settings
from reverse_etl import catalogue
from reverse_etl.connectors.settings import BearerSettings, ConnectorSettings, is_loopback, secret
from reverse_etl.errors import SecretUnavailableError
from reverse_etl.ledger import Ledger
from reverse_etl.reports import Problem

REFUSED: Final = PullCredentialsError.code
Kind = Literal["token", "refresh token", "JWT bearer", "none"]


@dataclass(frozen=True, slots=True)
class Credential:
    """The credentials of one destination or pulled source. `source`: where the secret lives;
    `since`: when it was first used here; `expires_at`: of the access token; `code`: what is wrong.
    """

    destination: str
    kind: Kind
    source: str
    since: datetime | None = None
    age_days: int = 0
    expires_at: datetime | None = None
    code: str | None = None


def names(settings: Settings) -> list[str]:
    """Every vendor that this installation has credentials for: destinations that are on, and
    sources that are pulled with a secret."""
    pulled = (each for each in settings.pulls if _has_secret(accounts.account(settings, each)))
    return list(dict.fromkeys([*settings.destinations, *pulled]))


def refused(log: EventLog) -> dict[str, str]:
    """Sources whose last pull was refused for its credentials, and what was said."""
    found = PullState(log).last_runs()
    return {each.source: each.message or "" for each in found if each.code == REFUSED}


def check(settings: Settings, ledger: Ledger, found: Sequence[Credential]) -> list[Credential]:
    """Ask the vendors of pulled sources at once whether these are good, and until when."""
    return [_checked(settings, ledger, each) for each in found]


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
    if _lacks(settings, name, account) or not setting:
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


def _lacks(settings: Settings, name: str, account: ConnectorSettings) -> bool:
    """Whether something is not set; what is only pulled needs less than what is sent to."""
    if name in settings.destinations:
        return bool(account.missing)
    from orchestration.pulls import run as pulls  # it loads the clients of every vendor
    from orchestration.pulls.sources import chosen

    return any(pulls.needs(settings, each) for each in chosen([name]))


def _has_secret(account: ConnectorSettings) -> bool:
    return bool(account.sandbox)


def _checked(settings: Settings, ledger: Ledger, found: Credential) -> Credential:
    from orchestration.pulls import run as pulls
    from orchestration.pulls.sources import chosen

    pullers = [each for each in chosen([found.destination]) if not pulls.needs(settings, each)]
    if not pullers or found.code not in (None, catalogue.CREDENTIAL_OLD):
        return found
    try:
        pulls.check(settings, pullers[0], ledger)
    except PullError as error:
        return replace(found, code=error.code)
    return replace(found, expires_at=ledger.credentials.of(found.destination).expires_at)


def main_secret(account: ConnectorSettings) -> tuple[Kind, str]:
    """The secret that stands for an account, as the settings have it."""
    if isinstance(account, BearerSettings) and account.uses_oauth:
        if account.username and account.private_key is not None:
            return "JWT bearer", secret(account.private_key)
        return "refresh token", secret(account.client_secret)
    secrets = (getattr(account, name) for name in account.sandbox)
    return "token", next((secret(each) for each in secrets if isinstance(each, SecretStr)), "")
