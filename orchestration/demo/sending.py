"""Send a persona's webhooks to the gateway."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from ingestion.sandbox.personas import Persona
from ingestion.sandbox.webhooks import SignedWebhook


@dataclass(frozen=True, slots=True)
class Reception:
    """How the gateway answered one webhook; `milliseconds` is the whole round trip."""

    status: int
    answer: Mapping[str, Any]
    milliseconds: float


def send(service: str, persona: Persona) -> tuple[Reception, ...]:
    """All of them, in order."""
    with httpx.Client(base_url=service, timeout=10) as client:
        return tuple(_post(client, webhook) for webhook in persona.webhooks)


def _post(client: httpx.Client, webhook: SignedWebhook) -> Reception:
    started = time.perf_counter()
    answer = client.post(webhook.path, content=webhook.body, headers=dict(webhook.headers))
    milliseconds = (time.perf_counter() - started) * 1000
    return Reception(answer.status_code, answer.json(), round(milliseconds, 2))
