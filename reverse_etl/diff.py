"""Three views of one object at a destination: wanted, last sent, actually there. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from reverse_etl.values import same_field

Verdict = Literal["same", "waiting", "drifted", "missing", "not there yet"]
"""Of an object. `waiting`: what is wanted was not sent yet; `drifted`: what was sent is not what is
there; `missing`: it was sent, and is gone; `not there yet`: it was never sent."""

_WORST: Final[tuple[Verdict, ...]] = ("missing", "drifted", "waiting", "not there yet", "same")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of ours whose value over there is not what is wanted; None where it has none."""

    name: str
    wanted: str | None
    sent: str | None
    there: str | None

    @property
    def drifted(self) -> bool:
        """Whether what is wanted was sent, and somebody changed it over there."""
        return same_field(self.name, self.sent, self.wanted)


@dataclass(frozen=True, slots=True)
class Difference:
    """One object, with the fields in which the views differ."""

    entity_key: str
    vendor_id: str | None
    verdict: Verdict
    fields: tuple[Field, ...]


def compare(
    entity_key: str,
    vendor_id: str | None,
    *,
    wanted: Mapping[str, Any],
    sent: Mapping[str, Any] | None,
    there: Mapping[str, Any] | None,
) -> Difference:
    """The views of one object over the fields that we want. `sent` None: never sent; `there` None:
    no such object.
    """
    views = (
        Field(name, _text(value), _text((sent or {}).get(name)), _text((there or {}).get(name)))
        for name, value in sorted(wanted.items())
    )
    differing = tuple(view for view in views if not same_field(view.name, view.there, view.wanted))
    return Difference(entity_key, vendor_id, _verdict(differing, sent, there), differing)


def _verdict(
    fields: tuple[Field, ...], sent: Mapping[str, Any] | None, there: Mapping[str, Any] | None
) -> Verdict:
    if there is None:
        return "not there yet" if sent is None else "missing"
    if sent is not None and any(field.drifted for field in fields):
        return "drifted"
    return "waiting" if fields else "same"


def worst_first(difference: Difference) -> tuple[int, str]:
    """A key to sort by."""
    return _WORST.index(difference.verdict), difference.entity_key


def _text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)
