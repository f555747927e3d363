"""Which models a changed project makes otherwise: a pure comparison of two of dbt's manifests.

The compiled text is compared, not the files: a variable or a macro that changes it counts, a
description does not. dbt's own `state:modified` does not see variables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

BUILT: Final = ("model", "seed")
Nodes = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Selection:
    """Names of the models and seeds to build, and why these are all there are (None: some)."""

    names: tuple[str, ...]
    changed: tuple[str, ...]
    reason: str | None = None


def select(held: Mapping[str, Any], made: Mapping[str, Any], everything: str | None) -> Selection:
    """From the published and the changed manifest: what differs, and all that reads it.
    `everything`: why all is built whatever differs."""
    before, after = _nodes(held), _nodes(made)
    changed = [
        name for name, node in after.items() if name not in before or _differ(node, before[name])
    ]
    told = tuple(sorted(after[name]["name"] for name in changed))
    if everything:
        return Selection(tuple(sorted(node["name"] for node in after.values())), told, everything)
    return Selection(tuple(sorted(after[n]["name"] for n in _with_readers(after, changed))), told)


def missing(held: Mapping[str, Any], made: Mapping[str, Any]) -> list[str]:
    """Models and seeds that the changed project does not have any more."""
    after = _nodes(made)
    return sorted(node["name"] for name, node in _nodes(held).items() if name not in after)


def _nodes(manifest: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {
        name: node for name, node in manifest["nodes"].items() if node["resource_type"] in BUILT
    }


def _differ(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return _made_of(one) != _made_of(other)


def _made_of(node: Mapping[str, Any]) -> tuple[object, ...]:
    """All that the rows of a node depend on, but for what it reads."""
    config = node["config"]
    place = (node["schema"], node["alias"], config["materialized"])
    if node["resource_type"] == "seed":
        return (*place, node["checksum"]["checksum"], config.get("column_types"))
    contract = node.get("contract") or {}
    return (*place, node.get("compiled_code"), contract.get("checksum"))


def _with_readers(nodes: Nodes, changed: Sequence[str]) -> set[str]:
    readers: dict[str, list[str]] = {}
    for name, node in nodes.items():
        for read in node["depends_on"].get("nodes", ()):
            readers.setdefault(read, []).append(name)
    found: set[str] = set()
    waiting = list(changed)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(readers.get(name, ()))
    return found
