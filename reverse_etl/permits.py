"""Leave for each request, and credits where it costs some, from budgets all processes share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from reverse_etl.connectors.base import Connector, Spender
from reverse_etl.model import Delivery
from reverse_etl.quota import Credits
from reverse_etl.tools import Tools

Check = Callable[[], Awaitable[None]]


async def unchecked() -> None:
    """Lets every request go: it only asks, and tells nothing of anybody."""


def permits(
    tools: Tools, connector: Connector, *, hot: bool, check: Check = unchecked
) -> Callable[[], AbstractAsyncContextManager[None]]:
    """What a connector enters for each request: it waits until the account may be asked again,
    and then until `check` lets the request go; whatever that raises is raised."""
    budget, ledger, name = connector.budget, tools.ledger, connector.destination

    @asynccontextmanager
    async def permit() -> AsyncIterator[None]:
        if budget is None:
            await check()
            yield
            return
        while True:
            turn = await tools.db(ledger.take_request, name, tools.clock(), budget, hot=hot)
            if not turn.wait:
                break
            await tools.sleep(turn.wait.total_seconds())
        try:
            await check()
            yield
        finally:
            await tools.db(ledger.end_request, name, turn, tools.clock())

    return permit


def spending(
    tools: Tools, connector: Connector
) -> Callable[[Sequence[Delivery]], Awaitable[Credits]]:
    """What a connector calls before it asks for what costs credits. It never waits: a budget may
    be spent for a day. Only hot rows touch the share that is kept for them."""
    budget = connector.credits if isinstance(connector, Spender) else None
    ledger, name = tools.ledger, connector.destination

    async def spend(rows: Sequence[Delivery]) -> Credits:
        if budget is None:
            return Credits(len(rows))
        hot, now = sum(row.hot for row in rows), tools.clock()
        take = ledger.spend_credits
        first = await tools.db(take, name, hot, now, budget, hot=True)
        rest = await tools.db(take, name, len(rows) - hot, now, budget, hot=False)
        return Credits(
            first.granted + rest.granted, first.wait or rest.wait, first.taken + rest.taken
        )

    return spend


def returning(tools: Tools, connector: Connector) -> Callable[[Credits, int], Awaitable[None]]:
    """What a connector calls when the vendor charged less than was taken."""

    async def give_back(spent: Credits, unused: int) -> None:
        if unused and spent.taken:
            ids = spent.taken[-unused:]
            await tools.db(tools.ledger.return_credits, connector.destination, ids)

    return give_back
