"""`millrace keys`: API keys of `POST /v1/events`: make, list, revoke."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from ingestion.api.keys import DEFAULT_RATE, ApiKey, KeyStore
from ingestion.api.scopes import Scope
from orchestration.commands.output import JsonOption, err, out, print_json, reports_errors, table
from orchestration.errors import NotFoundError
from orchestration.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="API keys for POST /v1/events.")


def _open() -> closing[KeyStore]:
    return closing(KeyStore.open(load_settings().log_url))


def _now() -> datetime:
    return datetime.now(UTC)


def summary(key: ApiKey, now: datetime) -> dict[str, Any]:
    """A key without what proves it."""
    return {
        "id": key.id,
        "name": key.name,
        "scopes": [str(scope) for scope in key.scopes],
        "rate": key.rate,
        "state": state(key, now),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
    }


def state(key: ApiKey, now: datetime) -> str:
    """`active`, `revoked` or `expired`."""
    if key.revoked_at is not None:
        return "revoked"
    return "active" if key.usable(now) else "expired"


@app.command()
@reports_errors
def create(
    name: Annotated[str, typer.Argument(help="Who will use it, e.g. 'web shop'.")],
    scope: Annotated[
        list[str], typer.Option(help="SOURCE:write or SOURCE:read; * is every source.")
    ],
    rate: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="Requests a minute.")
    ] = DEFAULT_RATE,
    expires_in_days: Annotated[
        int | None, typer.Option(min=1, max=36_500, help="Then it ends.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key. It is shown this once; only a hash of it is kept."""
    now = _now()
    scopes = [Scope.parse(text) for text in scope]
    expires_at = None if expires_in_days is None else now + timedelta(days=expires_in_days)
    with _open() as store:
        key, text = store.create(name, scopes, now, rate=rate, expires_at=expires_at)
    if as_json:
        print_json({**summary(key, now), "key": text})
        return
    out.print(text, markup=False)
    err.print(
        f"Key {key.id} for {', '.join(map(str, key.scopes))}: keep it, it is not shown again."
    )


@app.command("list")
@reports_errors
def list_(as_json: JsonOption = False) -> None:
    """Every key, oldest first, also those that are no longer valid."""
    with _open() as store:
        found = [summary(key, _now()) for key in store.list()]
    if as_json:
        print_json(found)
        return
    columns = ("id", "name", "scopes", "rate", "state", "created_at", "expires_at")
    rows = ([_cell(row[name]) for name in columns] for row in found)
    out.print(table("API keys", columns, rows))


@app.command()
@reports_errors
def revoke(
    key_id: Annotated[str, typer.Argument(help="The id, as `millrace keys list` shows it.")],
    as_json: JsonOption = False,
) -> None:
    """End a key for good; running gateways notice within 5 seconds."""
    now = _now()
    with _open() as store:
        key = store.revoke(key_id, now)
    if key is None:
        raise NotFoundError(
            f"There is no API key {key_id}.", remedy="`millrace keys list` shows the ids there are."
        )
    print_json(summary(key, now)) if as_json else out.print(f"{key.id} ({key.name}) is revoked.")


def _cell(value: object) -> object:
    return " ".join(value) if isinstance(value, list) else value
