"""What every asset of a layer has in common: who looks after it, its tags, and how old it may be.

Layers are the groups of the asset graph, from left to right.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import dagster as dg

ENGINEERS: Final = "team:data-engineering"
REVOPS: Final = "team:revops"
OWNERS: Final = {
    "ingestion": ENGINEERS,
    "staging": ENGINEERS,
    "marts": REVOPS,
    "activation": REVOPS,
    "operations": ENGINEERS,
}
# A batch runs each night even if nothing is new; a warning leaves a working day to act.
DAILY: Final = dg.FreshnessPolicy.time_window(
    fail_window=timedelta(hours=36), warn_window=timedelta(hours=26)
)
FRESH: Final = (("raw", "events"), ("warehouse", "published"))
DELIVERED: Final = "delivered"


def described(spec: dg.AssetSpec) -> dg.AssetSpec:
    """The asset with what its layer says; what it says itself stays."""
    group = spec.group_name or ""
    owner = OWNERS.get(group)
    return spec.replace_attributes(
        owners=spec.owners or ([owner] if owner else []),
        tags={"layer": group, **spec.tags} if owner else spec.tags,
        freshness_policy=spec.freshness_policy or (DAILY if _is_watched(spec.key) else None),
    )


def _is_watched(key: dg.AssetKey) -> bool:
    return tuple(key.path) in FRESH or key.path[0] == DELIVERED
