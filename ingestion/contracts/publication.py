"""What is promised of a published contract: it is not edited, and its major stays compatible.

``published.json`` holds a digest of every published version. A version may be marked deprecated
after it was published; nothing else of it may change, not even through a shared definition.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources.abc import Traversable
from itertools import pairwise
from typing import Final

import orjson

from ingestion.contracts.compatibility import breaking_changes
from ingestion.contracts.library import DEPRECATED_AFTER, ContractFile, by_event, package
from ingestion.errors import ContractBreakingError, ContractEditedError

PUBLISHED: Final = "published.json"
_COMMAND: Final = "millrace contracts publish"


def digest(contract: ContractFile) -> str:
    """The SHA-256 of what a contract says, however it is laid out."""
    said = {key: value for key, value in contract.schema.items() if key != DEPRECATED_AFTER}
    return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()


def digests(contracts: Iterable[ContractFile]) -> dict[str, str]:
    """The digest of every contract by its path."""
    return {f"{contract.name}.json": digest(contract) for contract in contracts}


def read_published(root: Traversable | None = None) -> dict[str, str]:
    """The digests that were published; none when nothing was."""
    file = (root or package()) / PUBLISHED
    published: dict[str, str] = orjson.loads(file.read_bytes()) if file.is_file() else {}
    return published


def to_json(published: Mapping[str, str]) -> bytes:
    """The text of the file of digests."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(published, option=options)


def check_promises(contracts: Sequence[ContractFile], published: Mapping[str, str]) -> None:
    """Raises ContractEditedError or ContractBreakingError, which name what broke a promise."""
    current = digests(contracts)
    edited = [path for path, told in published.items() if current.get(path) != told]
    if edited:
        raise ContractEditedError(
            f"Published and changed since, or gone: {', '.join(sorted(edited))}."
            f" A new version is published by `{_COMMAND}`."
        )
    broken = list(_broken(contracts))
    if broken:
        raise ContractBreakingError("\n".join(broken))


def unpublished(contracts: Iterable[ContractFile], published: Mapping[str, str]) -> list[str]:
    """The paths of contracts that have no digest yet."""
    return [path for path in digests(contracts) if path not in published]


def _broken(contracts: Iterable[ContractFile]) -> Iterator[str]:
    """Each version that refuses what the version before it, of the same major, took."""
    for versions in by_event(contracts).values():
        for old, new in pairwise(versions):
            changes = breaking_changes(old.schema, new.schema)
            if changes and old.version.major == new.version.major:
                told = "; ".join(map(str, changes))
                yield f"{new.name} breaks {old.version}: {told}."
