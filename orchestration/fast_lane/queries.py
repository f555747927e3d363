"""What is read of a slice, and which models it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Final

from orchestration import decisions
from orchestration.destinations import Effect
from orchestration.fast_lane.nodes import ABOUT, LINKS
from orchestration.quality.expectations import Contract
from reverse_etl.model import ActivationRow, ConsentRow

LINKING: Final = ("int_event_entities", "int_entity_links", "int_deferrable_events")
"""Models that say whom events are about, and how soon they want to be built."""

_MODELS: Final = (
    "int_record_people",
    "int_routing_candidates",
    "dim_consents",
    "fct_mqls",
    "fct_assignments",
)
_PEOPLE: Final = """
    select person_id from intermediate.int_record_people
    union
    select own_person_id as person_id from intermediate.int_record_people
"""


def targets(effects: Sequence[Effect]) -> list[str]:
    """The models that `of` reads."""
    return [*_MODELS, *LINKING, *(effect.table for effect in effects)]


def of(effects: Sequence[Effect]) -> dict[str, str]:
    """Name → query; an activation table is read by its name, and for its contract by `checks`."""
    found = {
        "about": ABOUT,
        "links": LINKS,
        "deferrable": "select position from intermediate.int_deferrable_events",
        "people": _PEOPLE,
        "consents": _all_of(ConsentRow, "marts.dim_consents"),
        "mqls": decisions.UNDECIDED_MQLS,
        "assignments": decisions.UNDECIDED_ASSIGNMENTS,
        "candidates": decisions.UNDECIDED_CANDIDATES,
    }
    for effect in effects:
        found[effect.table] = _all_of(ActivationRow, f"activation.{effect.table}")
    return found


def checks(contracts: Mapping[str, Contract]) -> dict[str, str]:
    """Likewise, what the contracts of activation tables are about."""
    return {checked(table): contract.query for table, contract in contracts.items()}


def checked(table: str) -> str:
    """The name of the query for the columns that a contract is about."""
    return f"{table} checked"


def _all_of(row: type[ActivationRow | ConsentRow], table: str) -> str:
    return f"select {', '.join(field.name for field in fields(row))} from {table}"
