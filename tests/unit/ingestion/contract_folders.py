"""Folders of contracts for tests that need versions of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson


def contract(**fields: Any) -> dict[str, Any]:
    """A schema of an order: ``type`` and the fields, each of which is demanded."""
    properties = {"type": {"const": "order"}, **fields}
    return {"type": "object", "required": sorted(properties), "properties": properties}


def write(root: Path, versions: dict[str, dict[str, Any]], *, event: str = "shop/order") -> Path:
    """Write versions of one contract below ``root``, and give it back."""
    folder = root / event
    folder.mkdir(parents=True, exist_ok=True)
    for version, schema in versions.items():
        (folder / f"{version}.json").write_bytes(orjson.dumps(schema))
    return root
