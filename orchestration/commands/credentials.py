"""`millrace credentials`: how old they are, when they expire; connecting an account by OAuth."""

from __future__ import annotations

import webbrowser
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration import accounts, connections
from orchestration.commands.destinations import known
from orchestration.commands.output import JsonOption, out, print_json, reports_errors, table
from orchestration.settings import load_settings
from reverse_etl.connectors.settings import BearerSettings

if TYPE_CHECKING:
    from orchestration.credentials import Credential

app = typer.Typer(no_args_is_help=True, help="What vendors know us by.")

COLUMNS = ("vendor", "kind", "source", "in use since", "days", "expires", "to do")


@app.command("list")
@reports_errors
def list_(
    ask: Annotated[
        bool,
        typer.Option("--check", help="Ask the vendors that are pulled whether they are good."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """The credentials of each destination and each pulled source: where they live, since when they
    are in use, when the access token ends, and what is wrong. No secret is shown.

    With --check, ends with exit code 1 when a vendor refuses them or cannot be asked.
    """
    from orchestration import credentials

    settings = load_settings()
    with closing(connections.ledger(settings)) as ledger:
        names = credentials.names(settings)
        found = credentials.watch(settings, ledger, names, now=datetime.now(UTC))
        if ask:
            found = credentials.check(settings, ledger, found)
    print_json([asdict(each) for each in found]) if as_json else _tell(found)
    if ask and any((each.code or "").startswith("PULL_") for each in found):
        raise typer.Exit(1)


def _tell(found: Sequence[Credential]) -> None:
    rows = (
        (
            each.destination,
            each.kind,
            each.source,
            f"{each.since:%Y-%m-%d}" if each.since else "",
            each.age_days if each.since else "",
            f"{each.expires_at:%Y-%m-%d %H:%M}" if each.expires_at else "",
            each.code or "",
        )
        for each in found
    )
    out.print(table("Credentials", COLUMNS, rows))


@app.command()
@reports_errors
def connect(
    name: Annotated[str, typer.Argument(help="The destination, e.g. hubspot.")],
    port: Annotated[int, typer.Option(help="On loopback, for the browser to come back to.")] = 8765,
    browser: Annotated[bool, typer.Option(help="Open the browser.")] = True,
    minutes: Annotated[float, typer.Option(help="How long to wait for somebody to sign in.")] = 5,
    as_json: JsonOption = False,
) -> None:
    """Sign in at the vendor and keep the tokens, encrypted, in the ledger.

    The app at the vendor must allow the redirect address http://localhost:PORT/callback.
    """
    from orchestration.connecting import connect as sign_in

    known([name])
    settings = load_settings()
    account = accounts.account(settings, name)
    if not isinstance(account, BearerSettings):
        raise typer.BadParameter(f"{name} does not use OAuth")

    def show(address: str) -> None:
        out.print(f"Open this address and sign in:\n{address}", soft_wrap=True)
        if browser:
            webbrowser.open(address)

    with closing(connections.ledger(settings)) as ledger:
        expires_at = sign_in(
            name,
            account,
            ledger.credentials,
            port=port,
            show=show,
            wait=timedelta(minutes=minutes),
        )
    if as_json:
        print_json({"name": name, "expires_at": expires_at})
    else:
        out.print(f"{name} is connected.")
