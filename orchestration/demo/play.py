"""Play the demo: processes, personas, a batch, a lead without one. Returned, not printed."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from ingestion.sandbox.personas import Persona, Stage, personas
from ingestion.sandbox.webhooks import standard_secret
from orchestration.batch import Progress, run_batch
from orchestration.demo.live import Live, live
from orchestration.demo.processes import running
from orchestration.demo.sending import Reception, send
from orchestration.errors import HomeInUseError
from orchestration.settings import SECRET_PREFIX, Settings, load_settings
from orchestration.status import take_status
from orchestration.why import why

MARKER = "this-is-a-demo"
SOURCES = ("typeform", "hubspot", "standard")


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a persona: the gateway's answers, the story that `millrace why` tells of the
    person (None when there is none), and the codes of events that no model used."""

    persona: Persona
    receptions: tuple[Reception, ...]
    story: Mapping[str, Any] | None
    refused: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Play:
    """The demo's outcome: `status` and `sandbox` (how many objects the simulated vendors hold, by
    type) after the batch, then a lead that needed none. `seconds` from start to end,
    `batch_seconds` of the batch alone."""

    fates: tuple[Fate, ...]
    status: Mapping[str, Any]
    sandbox: Mapping[str, int]
    live: Live
    seconds: float
    batch_seconds: float


def play(settings: Settings, *, progress: Progress) -> Play:
    """Wipe the demo's home, start sandbox and service, send the webhooks, run a batch; then one
    more lead, live.

    Raises HomeInUseError when the home holds something that is not a demo's.
    """
    started = time.monotonic()
    claim_home(settings.home)
    keys = _secrets()
    with ExitStack() as stack:
        progress("Starting the sandbox (HubSpot, Meta) and the service")
        logs = settings.home / "logs"
        sandbox = stack.enter_context(running(logs, "/_state/hubspot", "sandbox"))
        _configure(sandbox, keys)
        service = stack.enter_context(running(logs, "/health/ready", "serve", "--roles", "gateway"))
        stage = Stage(keys, service, datetime.now(UTC).replace(microsecond=0))
        progress("Sending the personas' webhooks")
        cast = personas(stage)
        _furnish(sandbox, cast, before=stage.now - timedelta(days=30))
        receptions = [send(service, persona) for persona in cast]
        batch = run_batch(load_settings(), full=False, progress=progress)
        fates = tuple(
            _fate(settings, persona, answers)
            for persona, answers in zip(cast, receptions, strict=True)
        )
        status, received = take_status(settings, now=datetime.now(UTC)), _received(sandbox)
        progress("One more lead, while the service runs with the fast lane")
        return Play(
            fates=fates,
            status=status,
            sandbox=received,
            live=live(load_settings(), keys),
            seconds=round(time.monotonic() - started, 1),
            batch_seconds=batch.seconds,
        )


def claim_home(home: Path) -> None:
    """Empty the folder for a new demo, if it is new or an earlier demo's."""
    marker = home / MARKER
    if home.exists() and any(home.iterdir()) and not marker.exists():
        raise HomeInUseError(f"{home} holds data that is not a demo's.")
    if marker.exists():
        shutil.rmtree(home)
    home.mkdir(parents=True, exist_ok=True)
    marker.write_text("`millrace demo` made this folder and empties it when it runs again.\n")


def _secrets() -> dict[str, str]:
    return {source: standard_secret(secrets.token_hex()) for source in SOURCES}


def _configure(sandbox: str, keys: Mapping[str, str]) -> None:
    """Settings of this process and those it starts: the sandbox for vendors, new secrets."""
    os.environ["MILLRACE_HUBSPOT_URL"] = os.environ["MILLRACE_META_URL"] = sandbox
    os.environ.update({f"{SECRET_PREFIX}{source.upper()}": key for source, key in keys.items()})


def _furnish(sandbox: str, cast: Sequence[Persona], *, before: datetime) -> None:
    """The contacts that HubSpot's webhooks tell of are there, and were before."""
    contacts = [
        {
            "id": persona.hubspot_contact,
            "properties": {"email": persona.email},
            "created": before.timestamp(),
        }
        for persona in cast
        if persona.hubspot_contact
    ]
    httpx.post(f"{sandbox}/_objects/hubspot/contacts", json=contacts).raise_for_status()


def _fate(settings: Settings, persona: Persona, receptions: tuple[Reception, ...]) -> Fate:
    taken = [reception.answer for reception in receptions if reception.answer.get("accepted")]
    stories = [why(settings, answer["correlation_id"]) for answer in taken]
    known = next((story for story in stories if story["person"]), None)
    events = {event["position"]: event for story in stories for event in story["other_events"]}
    return Fate(persona, receptions, known, tuple(event["code"] for event in events.values()))


def _received(sandbox: str) -> dict[str, int]:
    """How many objects of each type the simulated vendors hold."""
    states = (httpx.get(f"{sandbox}/_state/{vendor}").json() for vendor in ("hubspot", "meta"))
    return {kind: len(held) for state in states for kind, held in state["objects"].items()}
