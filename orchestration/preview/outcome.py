"""What a preview says. People are told of by id; no value of a row stands in here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

SAMPLE = 10
"""How many people, or rows of a table, are named where there may be thousands."""


@dataclass(frozen=True, slots=True)
class ModelChange:
    """Rows of one model that are new, gone, or other in a cell. `cells`: column → rows in which it
    differs; `by_key`: false where nothing tells rows apart, so that a changed row is one gone and
    one new."""

    model: str
    added: int
    removed: int
    changed: int
    by_key: bool
    cells: Mapping[str, int]
    columns_added: tuple[str, ...] = ()
    columns_removed: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        return self.added + self.removed + self.changed

    @property
    def is_same(self) -> bool:
        return not (self.rows or self.columns_added or self.columns_removed)


@dataclass(frozen=True, slots=True)
class Joined:
    """`person_id` → the others: who would become one, or what one person would become."""

    person_id: str
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Identity:
    """`merged` and `split`: how many people fewer and more; samples of both."""

    people_before: int
    people_after: int
    merged: int
    split: int
    merged_sample: tuple[Joined, ...]
    split_sample: tuple[Joined, ...]


@dataclass(frozen=True, slots=True)
class Scores:
    """Live scores of people who are on both sides. `spread`: the change at least, at 10, 50 and
    90 percent, and at most, of those that changed; `above` and `below`: who crosses the
    threshold, upwards and downwards."""

    changed: int
    up: int
    down: int
    spread: tuple[Decimal, ...]
    buckets: Mapping[str, int]
    above: int
    below: int
    above_sample: tuple[str, ...]
    below_sample: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mql:
    person_id: str
    score: int
    reached_at: datetime


@dataclass(frozen=True, slots=True)
class Mqls:
    """Those that are decided stand, so only what nobody decided yet can be lost to other rules."""

    gained: tuple[Mql, ...]
    lost: tuple[Mql, ...]


@dataclass(frozen=True, slots=True)
class Owner:
    """`people` who would go from one rep to another; None is nobody."""

    before: str | None
    after: str | None
    people: int


@dataclass(frozen=True, slots=True)
class Attribution:
    """Of one model, channel and currency."""

    model: str
    channel: str
    currency: str | None
    credit_before: Decimal
    credit_after: Decimal
    value_before: Decimal
    value_after: Decimal


@dataclass(frozen=True, slots=True)
class Consent:
    """Of one purpose: who may be contacted after the change and not before, and the reverse."""

    purpose: str
    gained: int
    lost: int
    gained_sample: tuple[str, ...]
    lost_sample: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Deliveries:
    """What the ledger would do with rows that the change makes other. `new` rows would go out, and
    would not without the change; `superseding` ones have another payload than what was delivered
    or waits; `cancelled` ones wait and would not any more; `kept_back` would be held, refused or
    too late. `requests` and `minutes` are of rows that would not go out anyway, None where a
    destination has no credentials."""

    destination: str
    action: str
    new: int
    superseding: int
    cancelled: int
    kept_back: int
    requests: int | None
    minutes: float | None

    @property
    def sent(self) -> int:
        return self.new + self.superseding


@dataclass(frozen=True, slots=True)
class Built:
    """`models` were built of `of`; `reason` says why it was all of them, None where it was not;
    `warned`: data tests that rows break, such as those whose rows would be held."""

    models: tuple[str, ...]
    of: int
    gone: tuple[str, ...]
    reason: str | None
    warned: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """The change's blast radius, over the events up to `log_position` and `newer_decisions` that
    were made after these; `kept`: the folder with what was built, where it was to be kept."""

    published_at: datetime
    log_position: int
    newer_decisions: int
    built: Built
    models: Sequence[ModelChange]
    identity: Identity
    scores: Scores
    mqls: Mqls
    owners: Sequence[Owner]
    attribution: Sequence[Attribution]
    consents: Sequence[Consent]
    deliveries: Sequence[Deliveries]
    seconds: float
    kept: Path | None = None
