"""Send a batch, and halve what is refused as a whole until the item to blame stands alone."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from reverse_etl.connectors.base import Connector, Context
from reverse_etl.model import Call, Delivery, Kind, Outcome, Reply

_log = structlog.get_logger(__name__)


async def send_bisecting(
    connector: Connector, batch: Sequence[Delivery], context: Context
) -> Reply:
    """Outcomes for the whole batch. Halving stops when the destination itself fails: what is left
    shares that outcome."""
    outcomes: dict[int, Outcome] = {}
    calls: list[Call] = []
    queue: list[Sequence[Delivery]] = [batch]
    halt: Outcome | None = None
    while queue:
        part = queue.pop(0)
        if halt:
            outcomes.update((row.id, halt) for row in part)
            continue
        reply = await _send(connector, part, context)
        outcomes.update(reply.outcomes)
        calls += reply.calls
        halt = next((out for out in reply.outcomes.values() if _halts(out)), None)
        queue = _halves(part, reply) + queue
    return Reply(outcomes, tuple(calls))


def _halts(outcome: Outcome) -> bool:
    return outcome.kind in (Kind.AUTHENTICATION, Kind.UNREACHABLE)


def _halves(part: Sequence[Delivery], reply: Reply) -> list[Sequence[Delivery]]:
    refused = [row for row in part if _kind(reply, row) is Kind.REFUSED]
    if not refused or len(part) == 1:
        return []
    if len(refused) == 1:
        return [refused]
    middle = len(refused) // 2
    return [refused[:middle], refused[middle:]]


def _kind(reply: Reply, row: Delivery) -> Kind | None:
    outcome = reply.outcomes.get(row.id)
    return outcome.kind if outcome else None


async def _send(connector: Connector, part: Sequence[Delivery], context: Context) -> Reply:
    """A connector answers with outcomes; if it stumbles over a payload, that item is to blame."""
    try:
        return await connector.send(part, context)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        name = type(error).__name__
        _log.exception("connector_stumbled", destination=connector.destination, size=len(part))
        outcome = Outcome(
            Kind.REFUSED, "PAYLOAD_UNUSABLE", f"The payload has no usable form: {name}"
        )
        return Reply({row.id: outcome for row in part})
