"""What stands in a payload, whatever the destination. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Payload = Mapping[str, Any]


def fields_of(payload: Payload) -> Mapping[str, Any]:
    """The fields of an object that are ours, by whichever name the vendor has for them."""
    found: Mapping[str, Any] = payload.get("properties") or payload.get("fields") or {}
    return found


def written_fields(payload: Payload) -> Mapping[str, Any]:
    """The same, with those that are the destination's once the object is there."""
    return {**payload.get("when_new", {}), **fields_of(payload)}


def refers_to(payload: Payload) -> dict[str, str]:
    """Object kind → entity key of what must be at the destination before."""
    named = payload.get("refers_to")
    return {str(kind): str(key) for kind, key in named.items()} if isinstance(named, dict) else {}
