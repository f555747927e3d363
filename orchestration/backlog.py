"""How long rows take to go out: in requests, and in minutes of a vendor's budget."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass

from orchestration import accounts
from orchestration.settings import Settings
from reverse_etl.connectors import Connector, Outside, connect, http_client


@dataclass(frozen=True, slots=True)
class Cost:
    """`requests`: those of the rows themselves; an account that was never written to needs a few
    more. `minutes`: how long the budget makes them last."""

    requests: int
    minutes: float


def connectors(settings: Settings) -> dict[str, Connector]:
    """Those of the destinations that are on and have credentials, to ask what they would do."""

    async def make() -> dict[str, Connector]:
        async with http_client() as client:  # nothing is sent with it
            return connect(accounts.configured(settings).values(), Outside(client))

    return asyncio.run(make())


def cost(connector: Connector, rows: Mapping[str, int]) -> Cost:
    """What so many rows of each action take, in batches as large as the vendor lets them be."""
    requests = sum(
        math.ceil(number / connector.actions.get(action, 1)) for action, number in rows.items()
    )
    lasting = connector.budget.lasts(requests).total_seconds() if connector.budget else 0.0
    return Cost(requests, round(lasting / 60, 1))


def backlog(settings: Settings, pending: Mapping[str, Mapping[str, int]]) -> dict[str, Cost | None]:
    """What the rows pending (destination → action → number) will take; None where a destination
    has no credentials, so that nobody can tell."""
    known = connectors(settings) if pending else {}
    return {
        name: cost(known[name], rows) if name in known else None for name, rows in pending.items()
    }
