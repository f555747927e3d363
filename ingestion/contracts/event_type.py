"""Where each source says what kind of event it sends.

Shopify and GitHub say it in a header only (x-shopify-topic, x-github-event). Headers are left out
when events are read in bulk, so these two are told by what their bodies hold: the contract of an
order is that of every topic about orders.

An object that was read from a vendor's API stands in an envelope that names its kind (see
ingestion/pulls/event.py): ``{"pulled": "contact", …}`` is of type ``contact.pulled``, whoever the
vendor.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

# The members on the way to the event type; a source that is not named has it under "type".
_PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "calendly": ("event",),
    "hubspot": ("subscriptionType",),
    "intercom": ("topic",),
    "meta": ("change", "field"),
    "typeform": ("event_type",),
}
_USUAL: Final = ("type",)

# Members that only one kind of body has, and the type they show; the first that is there decides.
_SHAPES: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "github": (("comment", "issue_comment"), ("issue", "issues")),
    "shopify": (("order_number", "orders"), ("verified_email", "customers")),
}
_SHAPELESS: Final = "other"

PULLED: Final = "pulled"


def event_type(source: str, document: dict[str, Any]) -> Any:
    """What an event says of its type: text when it is sound, None when it says nothing."""
    pulled = document.get(PULLED)
    if isinstance(pulled, str):
        return f"{pulled}.{PULLED}"
    shapes = _SHAPES.get(source)
    if shapes is not None:
        return next((kind for member, kind in shapes if member in document), _SHAPELESS)
    value: Any = document
    for member in _PLACES.get(source, _USUAL):
        value = value.get(member) if isinstance(value, dict) else None
    return value


def type_path(source: str) -> str:
    """A JSON pointer to the event type; the whole body where its shape tells the type."""
    if source in _SHAPES:
        return ""
    return "".join(f"/{member}" for member in _PLACES.get(source, _USUAL))


def says_type(source: str, document: dict[str, Any]) -> bool:
    """Whether there is anything, be it null, where the type should be."""
    *parents, last = _PLACES.get(source, _USUAL)
    value: Any = document
    for member in parents:
        value = value.get(member) if isinstance(value, dict) else None
    return isinstance(value, dict) and last in value
