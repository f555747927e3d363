"""Proposes links between people: compares their records with Splink, drops what is ambiguous."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

import duckdb

from orchestration import warehouse
from orchestration.errors import SplinkMissingError
from orchestration.identity.model import COMPARISONS, settings

_FEATURES: Final = files(__package__) / "features.sql"
_QUIET: Final = 40  # logging.ERROR: Splink tells of its progress otherwise


@dataclass(frozen=True, slots=True)
class Proposal:
    """Two people that may be one. `weight` is the evidence in bits: 0 is even odds, 10 is a
    thousand to one. `features` tells how far each agrees and what that weighs, never a value."""

    person_id: str
    other_person_id: str
    record_id: str
    other_record_id: str
    weight: float
    features: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two records of two people, as Splink compared them; people in alphabetical order."""

    proposal: Proposal
    birth_dates: tuple[str | None, str | None]


def propose(connection: duckdb.DuckDBPyConnection, *, least_weight: float) -> list[Proposal]:
    """Proposals of at least this weight over the warehouse that is open, heaviest first.

    The same warehouse gives the same proposals. Raises SplinkMissingError without the extra.
    """
    features = connection.execute(_FEATURES.read_text(encoding="utf-8")).to_arrow_table()
    if features.num_rows < 2:
        return []
    pairs = _best(_compared(features, least_weight))
    return sorted(
        _unambiguous(pairs),
        key=lambda found: (-found.weight, found.person_id, found.other_person_id),
    )


def _compared(features: Any, least_weight: float) -> list[_Pair]:
    try:
        from splink import Linker
        from splink.backends.duckdb import DuckDBAPI
    except ImportError:
        raise SplinkMissingError("Splink is not installed.") from None
    with duckdb.connect() as work:
        work.register("features_given", features)
        work.execute("create table features as from features_given")
        database = DuckDBAPI(connection=work)
        linker = Linker(database.register("features"), settings(), log_level=_QUIET)
        found = linker.inference.predict(threshold_match_weight=least_weight, warning_mode="never")
        query = f"select * from {found.physical_name} where person_id_l <> person_id_r"  # noqa: S608
        return [_pair(row) for row in warehouse.rows(work, query)]


def _pair(row: Mapping[str, Any]) -> _Pair:
    left, right = sorted("lr", key=lambda side: str(row[f"person_id_{side}"]))
    return _Pair(
        Proposal(
            person_id=row[f"person_id_{left}"],
            other_person_id=row[f"person_id_{right}"],
            record_id=row[f"record_id_{left}"],
            other_record_id=row[f"record_id_{right}"],
            weight=round(float(row["match_weight"]), 3),
            features=_agreement(row),
        ),
        (row[f"birth_date_{left}"], row[f"birth_date_{right}"]),
    )


def _agreement(row: Mapping[str, Any]) -> dict[str, str]:
    """Splink tells the weight of each feature, 0 where it is missing; the level is that of it."""
    told = {}
    for comparison in COMPARISONS:
        weight = float(row[f"mw_{comparison.feature}"])
        if weight:
            level = min(comparison.levels, key=lambda level: abs(level.weight - weight))
            told[comparison.feature] = f"{level.label} ({weight:+.1f})"
    return told


def _best(pairs: Iterable[_Pair]) -> list[_Pair]:
    """Of each two people the pair of records that tells most."""
    best: dict[tuple[str, str], _Pair] = {}
    for pair in sorted(pairs, key=_strength):
        best[pair.proposal.person_id, pair.proposal.other_person_id] = pair
    return list(best.values())


def _strength(pair: _Pair) -> tuple[float, str, str]:
    return pair.proposal.weight, pair.proposal.record_id, pair.proposal.other_record_id


def _unambiguous(pairs: Sequence[_Pair]) -> list[Proposal]:
    """Without those of a person who would be two others that cannot be one: John Smith, who may be
    the father or the son."""
    birth_dates: dict[str, dict[str, str | None]] = defaultdict(dict)
    for pair in pairs:
        one, other = pair.proposal.person_id, pair.proposal.other_person_id
        birth_dates[one][other] = pair.birth_dates[1]
        birth_dates[other][one] = pair.birth_dates[0]
    torn = {
        person
        for person, others in birth_dates.items()
        if len({born for born in others.values() if born}) > 1
    }
    return [
        pair.proposal
        for pair in pairs
        if not ({pair.proposal.person_id, pair.proposal.other_person_id} & torn)
    ]
