"""What the acceptance tests share: speak as a vendor, look as an analyst, spoil the sandbox."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import httpx
from harness import SECRETS

from ingestion.sandbox.personas import Persona, Stage
from ingestion.sandbox.webhooks import SignedWebhook

SECRET_OF = {name.rpartition("_")[2].lower(): secret for name, secret in SECRETS.items()}

PEOPLE = """
    select person_id, email, first_name, last_name, score, lifecycle_stage, original_source
    from marts.dim_people
    order by person_id
"""


def stage(url: str) -> Stage:
    """Where personas play: the gateway at `url`, now, signed with the harness's secrets."""
    return Stage(SECRET_OF, url, datetime.now(UTC).replace(microsecond=0))


def post(url: str, webhook: SignedWebhook) -> httpx.Response:
    return httpx.post(
        f"{url}{webhook.path}", content=webhook.body, headers=dict(webhook.headers), timeout=30
    )


def play(url: str, cast: Iterable[Persona]) -> None:
    """Send every webhook of every persona, in the order of their appearance."""
    for persona in cast:
        for webhook in persona.webhooks:
            post(url, webhook)


def people(home: Path) -> list[tuple[Any, ...]]:
    """Everybody in the published copy, as an analyst reads it."""
    path = str(home / "published" / "warehouse.duckdb")
    with duckdb.connect(path, read_only=True) as copy:
        return copy.execute(PEOPLE).fetchall()


def plan_faults(sandbox: str, *rules: Mapping[str, Any]) -> None:
    httpx.post(f"{sandbox}/_faults", json={"rules": list(rules)}).raise_for_status()
