"""What we take of a vendor's answer about a person: named fields of our own, and no more. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from reverse_etl.model import Fact

TYPE: Final = "person_enriched"
FIELDS: Final = frozenset({
    "job_title", "seniority", "company", "company_domain", "employees", "industry", "country",
    "city", "linkedin_url", "phone",
})  # fmt: skip
_LONGEST: Final = 500


def fact(kept: object, given: Mapping[str, Any], *, vendor_id: object = None) -> Fact:
    """What a vendor said of a person, beside what the row kept at home for this; without any
    field it says that the vendor knows nobody."""
    known = {name: text for name in sorted(FIELDS) if (text := _text(given.get(name)))}
    about = {str(k): v for k, v in kept.items()} if isinstance(kept, Mapping) else {}
    named = {"vendor_id": identity} if (identity := _text(vendor_id)) else {}
    return Fact(TYPE, {**about, "is_match": bool(known), **named, **known})


def first(*values: object) -> str | None:
    """The first of these that says anything."""
    return next((text for value in values if (text := _text(value))), None)


def domain_of(value: object) -> str | None:
    """The host of a website's address, without www."""
    host = (_text(value) or "").lower().partition("://")[2] or (_text(value) or "").lower()
    return host.partition("/")[0].removeprefix("www.") or None


def inner(parent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object inside another; an empty one for anything else."""
    found = parent.get(name)
    return found if isinstance(found, Mapping) else {}


def _text(value: object) -> str | None:
    """Texts and whole numbers; a plan that hides a field says true or false in its place."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value).strip()[:_LONGEST] or None
