"""Looking at what a destination holds: what is wanted, what was sent, what is there."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from reverse_etl.connectors.base import Connector, Context, Found, Looker
from reverse_etl.diff import Difference, compare, worst_first
from reverse_etl.model import ActivationRow, object_kind
from reverse_etl.payload import fields_of
from reverse_etl.permits import permits
from reverse_etl.tools import Tools


class Looking:
    """Asks one destination, in batches, within its budget."""

    def __init__(self, connector: Connector, looker: Looker, tools: Tools) -> None:
        self._connector = connector
        self._looker = looker
        self._tools = tools

    def looks(self, action: str) -> bool:
        """Whether there is anything to compare."""
        return self._looker.looks(action)

    async def found(self, action: str, keys: Sequence[str], names: Sequence[str]) -> Found:
        """Objects as they are, as many as one request takes. Raises CallFailedError."""
        permit = permits(self._tools, self._connector, hot=False)
        context = Context(self._tools.clock(), permit=permit)
        return await self._looker.look(action, keys, names, context)

    async def differences(self, rows: Sequence[ActivationRow]) -> list[Difference]:
        """The three views of each row of one state table, the worst first. Raises
        CallFailedError."""
        told: list[Difference] = []
        size = self._connector.actions[rows[0].action] if rows else 1
        for start in range(0, len(rows), size):
            told += await self._compared(rows[start : start + size])
        return sorted(told, key=worst_first)

    async def _compared(self, rows: Sequence[ActivationRow]) -> list[Difference]:
        one, keys = rows[0], [row.entity_key for row in rows]
        wanted = {row.entity_key: fields_of(orjson.loads(row.payload)) for row in rows}
        names = sorted({name for fields in wanted.values() for name in fields})
        ledger = self._tools.ledger
        sent = await self._tools.db(ledger.last_sent, one.destination, one.action, keys)
        kind = object_kind(one.action)
        ids = await self._tools.db(ledger.vendor_ids, one.destination, kind, keys)
        found = await self.found(one.action, keys, names)
        return [
            compare(
                key,
                ids.get(key),
                wanted=wanted[key],
                sent=fields_of(orjson.loads(sent[key])) if key in sent else None,
                there=found.get(key),
            )
            for key in keys
        ]
