"""`millrace diff`: what a destination should hold, what it was sent, and what it holds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from orchestration import activation, connections, delivery, destinations, warehouse
from orchestration.destinations import Effect
from orchestration.errors import CannotCompareError
from orchestration.settings import Settings
from reverse_etl.diff import Difference
from reverse_etl.errors import CallFailedError
from reverse_etl.model import ActivationRow

REPAIRED = ("drifted", "missing")


@dataclass(frozen=True, slots=True)
class Compared:
    """One activation table, the worst differences first."""

    effect: Effect
    differences: tuple[Difference, ...]

    @property
    def to_repair(self) -> list[str]:
        """Keys of objects that are not as we left them."""
        return [each.entity_key for each in self.differences if each.verdict in REPAIRED]


def diff(settings: Settings, name: str) -> list[Compared]:
    """Compare each state table of a destination, from the published copy, with what is there.

    Rows that consent keeps back are left out. Raises CannotCompareError.
    """
    with warehouse.connect(settings.published) as copy:
        tables = [
            (effect, _allowed(activation.activation_rows(copy, effect)))
            for effect in destinations.effects([name])
        ]
    return asyncio.run(_diff(settings, name, tables))


def repair(settings: Settings, compared: Sequence[Compared], *, who: str, now: datetime) -> int:
    """Let the next activation send again what drifted or went missing; how many objects."""
    with closing(connections.ledger(settings)) as ledger:
        return sum(
            ledger.send_again(
                each.effect.destination, each.effect.action, each.to_repair, who=who, now=now
            )
            for each in compared
            if each.to_repair
        )


async def _diff(
    settings: Settings, name: str, tables: Sequence[tuple[Effect, list[ActivationRow]]]
) -> list[Compared]:
    with closing(connections.event_log(settings)) as log:
        async with delivery.dispatcher(settings, log, [name]) as dispatcher:
            looking = dispatcher.looking(name)
            if looking is None:
                raise CannotCompareError(f"{name} cannot be asked what it holds.")
            try:
                return [
                    Compared(effect, tuple(await looking.differences(rows)))
                    for effect, rows in tables
                    if looking.looks(effect.action)
                ]
            except CallFailedError as error:
                raise CannotCompareError(f"{name} did not answer: {error}") from error


def _allowed(rows: Sequence[ActivationRow]) -> list[ActivationRow]:
    return [row for row in rows if row.mode == "state" and row.consent_status == "granted"]
