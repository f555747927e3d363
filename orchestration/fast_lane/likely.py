"""Which kinds of events to be ready for before the first of them comes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Final

from ingestion.contracts.library import ContractFile, read_contracts
from orchestration import decisions
from orchestration.fast_lane.noted import ANSWERS, DECISIONS
from orchestration.fast_lane.shape import EventKind, Shape

_MOST: Final = 6  # an engine for one takes about a second to make


def usual_kinds() -> Shape:
    """Those that follow a lead's by themselves."""
    return frozenset(
        _kind(told)
        for told in read_contracts()
        if told.source == decisions.SOURCE and told.event in DECISIONS | ANSWERS
    )


def likely_kinds(known: Sequence[EventKind], sources: Collection[str]) -> list[EventKind]:
    """What somebody new will probably be known by: what has come most often, `known` being in that
    order, then what `sources` may tell, those first that have the fewest things to tell."""
    told = [kind for kind in known if kind.source != decisions.SOURCE and not kind.historical]
    contracts = [each for each in read_contracts() if each.source in sources]
    number = Counter(each.source for each in contracts)
    may_come = [_kind(each) for each in sorted(contracts, key=lambda each: number[each.source])]
    sound = [kind for kind in (*told, *may_come) if kind.is_sound and kind.contract]
    return list(dict.fromkeys(sound))[:_MOST]


def _kind(told: ContractFile) -> EventKind:
    return EventKind(told.source, told.event, told.name, historical=False, is_sound=True)
