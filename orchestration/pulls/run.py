"""Pulls as this installation configures them: accounts, tokens, budgets shared with deliveries."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import structlog

from ingestion.errors import PullCredentialsError, PullError
from ingestion.pulls import Days, Permit, PullSource, StreamReport
from ingestion.pulls.client import Patience, VendorApi
from ingestion.pulls.pull import Progress, Pull
from ingestion.pulls.state import PullState
from orchestration import accounts, connections, secret_sources
from orchestration.errors import PullNotConfiguredError
from orchestration.pulls.sources import Puller, chosen
from orchestration.settings import Settings, webhook_secrets
from reverse_etl.connectors import ConnectorSettings, Outside, http_client
from reverse_etl.connectors.settings import BearerSettings, secret
from reverse_etl.connectors.tokens import SettingToken, TokenSource
from reverse_etl.errors import DeliveryError
from reverse_etl.ledger import Ledger
from reverse_etl.quota import Budget

T = TypeVar("T")
_LOG: Final = structlog.get_logger(__name__)


def needs(settings: Settings, puller: Puller) -> str:
    """The variables that have to be set before a source can be pulled; empty when all are."""
    account = accounts.account(settings, puller.name)
    lacks = set(account.missing)
    missing = [n for n in puller.needs if n in lacks or not getattr(account, n, None)]
    if isinstance(account, BearerSettings) and account.uses_oauth and "token" in missing:
        missing.remove("token")
    lacking = [_variable(puller, name) for name in missing]
    if puller.either and not any(getattr(account, name) for name in puller.either):
        lacking.append(" or ".join(_variable(puller, name) for name in puller.either))
    return " and ".join(lacking)


def _variable(puller: Puller, name: str) -> str:
    return f"MILLRACE_{puller.name}_{name}".upper()


def configured(settings: Settings) -> tuple[Puller, ...]:
    """The sources that are on and have credentials."""
    return tuple(each for each in chosen(settings.pulls) if not needs(settings, each))


def pull(
    settings: Settings,
    names: Collection[str],
    *,
    since: datetime | None = None,
    days: Days | None = None,
    progress: Progress = lambda _report: None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    patience: Patience | None = None,
) -> list[StreamReport]:
    """Pull these sources, one report for each kind of object; a vendor that fails is told in its
    report. `since` and `days`: see `Pull.run`. Raises PullNotConfiguredError before anything is
    asked."""
    pullers = chosen(names)
    for puller in pullers:
        if missing := needs(settings, puller):
            raise PullNotConfiguredError(f"{puller.name} cannot be pulled: {missing} is not set.")
    heard = webhook_secrets()
    with (
        closing(connections.event_log(settings)) as log,
        closing(connections.ledger(settings)) as ledger,
    ):
        state = PullState(log)
        reports: list[StreamReport] = []
        for puller in pullers:
            source, api = _opened(settings, puller, ledger, clock, patience)
            one = Pull(log, state, clock, puller.name in heard, progress=progress)
            reports += one.run(source, api, since=since, days=days)
            _note_end(puller, source, api, ledger)
    return reports


def check(
    settings: Settings,
    puller: Puller,
    ledger: Ledger,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    patience: Patience | None = None,
) -> None:
    """Ask a vendor whether our credentials are good, and until when, with as little as it takes.
    Raises PullError."""
    source, api = _opened(settings, puller, ledger, clock, patience)
    if source.token_ends is None:
        source.accounts(api)
    else:
        ledger.credentials.ends(puller.name, source.token_ends(api))


def _note_end(puller: Puller, source: PullSource, api: VendorApi, ledger: Ledger) -> None:
    if source.token_ends is None:
        return
    try:
        ledger.credentials.ends(puller.name, source.token_ends(api))
    except PullError as error:  # a token that is refused is told by what could not be read
        _LOG.info("token_end_unknown", source=puller.name, code=error.code)


def _opened(
    settings: Settings,
    puller: Puller,
    ledger: Ledger,
    clock: Callable[[], datetime],
    patience: Patience | None,
) -> tuple[PullSource, VendorApi]:
    account = accounts.account(settings, puller.name)
    source = puller.made(account)
    api = VendorApi(
        puller.name,
        account.url,
        HeldToken(puller.name, account, ledger),
        permit(ledger, puller, account.budget, clock=clock),
        patience=patience or Patience(timeout=account.timeout),
        carry=source.carry,
        refusal=source.refusal,
    )
    return source, api


def permit(
    ledger: Ledger,
    puller: Puller,
    budget: Budget | None,
    *,
    clock: Callable[[], datetime],
    sleep: Callable[[float], None] = time.sleep,
) -> Permit:
    """Leave for each request from the budget that deliveries to the same account have; the share
    that is kept for hot leads is not touched."""

    def budgets(path: str) -> Iterator[tuple[str, Budget]]:
        for part, narrower in puller.also_within.items():
            if part in path:
                yield f"{puller.name}{part}", narrower
        if budget is not None:
            yield puller.name, budget

    @contextmanager
    def permitted(path: str) -> Iterator[None]:
        turns = [(name, _turn(ledger, name, each, clock, sleep)) for name, each in budgets(path)]
        try:
            yield
        finally:
            for name, turn in turns:
                ledger.end_request(name, turn, clock())

    return permitted


def _turn(
    ledger: Ledger,
    name: str,
    budget: Budget,
    clock: Callable[[], datetime],
    sleep: Callable[[float], None],
) -> Any:
    while (turn := ledger.take_request(name, clock(), budget, hot=False)).wait:
        sleep(turn.wait.total_seconds())
    return turn


class HeldToken:
    """An account's token, kept until the vendor refuses it. Where tokens come from OAuth, all
    processes share them in the ledger."""

    def __init__(self, name: str, account: ConnectorSettings, ledger: Ledger) -> None:
        self._name, self._account, self._ledger = name, account, ledger
        self._held: str | None = None

    def token(self) -> str:
        """See Token. Raises PullCredentialsError."""
        if self._held is None:
            self._held = self._ask(lambda source: source.token())
        return self._held

    def renew(self, refused: str) -> str | None:
        """See Token. Raises PullCredentialsError."""
        found = self._ask(lambda source: source.renew(refused))
        if found is None or found == refused:
            return None
        self._held = found
        return found

    def _ask(self, question: Callable[[TokenSource], Awaitable[T]]) -> T:
        try:
            return asyncio.run(self._within(question))
        except DeliveryError as error:
            raise PullCredentialsError(f"{self._name} has no usable token: {error}") from None

    async def _within(self, question: Callable[[TokenSource], Awaitable[T]]) -> T:
        async with http_client() as client:
            outside = Outside(client, secret_sources.reveal, self._ledger.credentials)
            if isinstance(self._account, BearerSettings):
                return await question(outside.tokens(self._name, self._account))
            setting = secret(getattr(self._account, "token", None))
            return await question(SettingToken(lambda: outside.secret(setting)))
