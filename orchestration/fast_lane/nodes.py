"""Entities as numbers: what the identity index knows of them, and nobody can read a name from.

63 bits of an MD5: should two entities ever share a number, a slice has people too many in it,
which costs time and changes no row.
"""

from __future__ import annotations

import hashlib
from typing import Final

_NODE: Final = "cast(md5_number_lower({type} || ':' || {id}) >> 1 as bigint)"
_ENTITY: Final = _NODE.format(type="entity_type", id="entity_id")
_LINKED: Final = _NODE.format(type="linked_type", id="linked_id")
_EVENT: Final = _NODE.format(type="'event'", id="event_id")
_VENDOR_EVENT: Final = _NODE.format(type="'event'", id="vendor_id")

PERSON: Final = _NODE.format(type="'person'", id="person_id")
"""A person's node, by a column `person_id`."""

ABOUT: Final = f"""
    select {_ENTITY} as node, position from intermediate.int_event_entities
    union
    select {_EVENT} as node, position from staging.base_raw__events
    union
    select {_VENDOR_EVENT} as node, position from staging.base_raw__events
"""
"""Which entities each event is about. Each is about itself too, as decisions name their cause, and
about the vendor's event that it is a copy of: only one of these counts."""

LINKS: Final = f"""
    select distinct {_ENTITY} as node, {_LINKED} as linked from intermediate.int_entity_links
"""
"""Which entities belong together."""


def node(entity_type: str, entity_id: str) -> int:
    """The number of an entity, as the queries above make it."""
    digest = hashlib.md5(f"{entity_type}:{entity_id}".encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[8:], "little") >> 1
