"""Leave for each request, from the budget that all processes share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from reverse_etl.connectors.base import Connector
from reverse_etl.tools import Tools


def permits(
    tools: Tools, connector: Connector, *, hot: bool
) -> Callable[[], AbstractAsyncContextManager[None]]:
    """What a connector enters for each request: it waits until the account may be asked again."""
    budget, ledger, name = connector.budget, tools.ledger, connector.destination

    @asynccontextmanager
    async def permit() -> AsyncIterator[None]:
        if budget is None:
            yield
            return
        while True:
            turn = await tools.db(ledger.take_request, name, tools.clock(), budget, hot=hot)
            if not turn.wait:
                break
            await tools.sleep(turn.wait.total_seconds())
        try:
            yield
        finally:
            await tools.db(ledger.end_request, name, turn, tools.clock())

    return permit
