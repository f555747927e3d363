"""What a comparison of both lanes says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

What = Literal["changed", "missing", "too_many"]


@dataclass(frozen=True, slots=True)
class Difference:
    """A cell or a row on which the lanes disagree. `person_id`: whose, where it is anybody's;
    `published` and `made` are classes of values (`text:email`, `integer`), never values."""

    model: str
    what: What
    column: str | None
    person_id: str | None
    published: str
    made: str


@dataclass(frozen=True, slots=True)
class Compared:
    """How much was compared, and what differs: `differences` names some of `found`.

    `slices`: of people who hang together, each built for itself; `is_whole`: of all events there
    are; `left_out`: slices of people chosen that would have too many events.
    """

    people: int
    slices: int
    events: int
    models: int
    rows: int
    is_whole: bool
    left_out: int
    found: int = 0
    differences: tuple[Difference, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.found


@dataclass(frozen=True, slots=True)
class Parity:
    """What a check said of a publication."""

    published_at: datetime
    log_position: int
    checked_at: datetime
    seconds: float
    compared: Compared
