"""The demo's second act: a lead comes while the service runs, with nobody starting a batch."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ingestion.event_log import LoggedEvent
from ingestion.sandbox.personas import Persona, Stage, live_lead
from orchestration import connections
from orchestration.demo.processes import NotReadyError, running
from orchestration.demo.sending import Reception, send
from orchestration.settings import Settings
from reverse_etl.model import Delivery

ACTIONS: Final = ("upsert_contact", "create_task")
_WAIT_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True)
class Live:
    """`milliseconds`: from the gateway's receipt to HubSpot's answer, by action."""

    persona: Persona
    reception: Reception
    milliseconds: Mapping[str, float]


def live(settings: Settings, secrets: Mapping[str, str]) -> Live:
    """Start the service as in production, send one hot lead, wait for what follows.

    Raises NotReadyError when that takes more than a minute.
    """
    logs = settings.home / "logs"
    with (
        closing(connections.event_log(settings)) as log,
        closing(connections.ledger(settings)) as ledger,
        running(logs, "/health/ready", "serve") as service,
    ):
        _wait_for(lambda: ledger.lane.position() >= log.head(), settings)
        persona = live_lead(Stage(secrets, service, datetime.now(UTC).replace(microsecond=0)))
        [reception] = send(service, persona)
        correlation = str(reception.answer["correlation_id"])

        def follows() -> dict[str, Delivery]:
            return {row.action: row for row in ledger.find(correlation_id=correlation)}

        def is_done() -> bool:
            rows = follows()
            return set(ACTIONS) <= rows.keys() and all(row.delivered_at for row in rows.values())

        _wait_for(is_done, settings)
        [event] = log.read(correlation_id=correlation, kind="webhook")
        return Live(persona, reception, _milliseconds(event, follows()))


def _milliseconds(event: LoggedEvent, rows: Mapping[str, Delivery]) -> dict[str, float]:
    return {
        action: round((row.delivered_at - event.received_at).total_seconds() * 1000)
        for action, row in rows.items()
        if row.delivered_at
    }


def _wait_for(condition: Callable[[], bool], settings: Settings) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            log = settings.home / "logs" / "serve.log"
            raise NotReadyError("The service did not work the lead off.", remedy=f"Read {log}.")
        time.sleep(_LOOK_SECONDS)
