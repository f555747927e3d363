"""Which properties of HubSpot's objects are read: those that the models map, and a few besides."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import dbt_project

_MAP: Final = Path(next(iter(dbt_project.__path__))) / "seeds" / "hubspot_property_map.csv"
_BESIDES: Final[Mapping[str, tuple[str, ...]]] = {
    "contact": (
        "createdate",
        "lastmodifieddate",
        "lifecyclestage",
        "hs_lead_status",
        "hs_merged_object_ids",
        "hs_calculated_merged_vids",
    ),
    "company": ("createdate", "hs_lastmodifieddate", "hs_merged_object_ids"),
    "deal": ("createdate", "hs_lastmodifieddate", "pipeline", "hubspot_owner_id"),
}


@cache
def properties_of(kind: str) -> tuple[str, ...]:
    """The names to ask for; ``hubspot_property_map`` in the seeds adds to them."""
    with _MAP.open(encoding="utf-8", newline="") as lines:
        mapped = [row["property"] for row in csv.DictReader(lines) if row["object_type"] == kind]
    return tuple(dict.fromkeys([*mapped, *_BESIDES[kind]]))
