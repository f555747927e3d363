"""The contract files: ``<source>/<event>/<major.minor.patch>.json``, read and put in order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final, NamedTuple

import orjson

from ingestion.errors import ContractBrokenError

Schema = dict[str, Any]

DEPRECATED_AFTER: Final = "x-deprecated-after"

_SHARED: Final = "shared.json"
_VERSION: Final = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)\.json", re.ASCII)


class Version(NamedTuple):
    """A semantic version. Within one major, a later version takes whatever an earlier one took."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


@dataclass(frozen=True, slots=True)
class ContractFile:
    """One version of one contract; ``schema`` stands on its own, every reference written out."""

    source: str
    event: str
    version: Version
    schema: Schema
    deprecated_after: date | None

    @property
    def name(self) -> str:
        """``source/event/version``, as findings name it."""
        return f"{self.source}/{self.event}/{self.version}"

    @property
    def title(self) -> str:
        """What the contract is about."""
        return str(self.schema.get("title", self.event))


@cache
def package() -> Traversable:
    """The folder of the contracts that come with Millrace."""
    return files("ingestion.contracts")


def read_contracts(root: Traversable | None = None) -> list[ContractFile]:
    """Every contract below ``root`` (this package by default), by source, event and version.

    Raises ContractBrokenError when a file is no contract.
    """
    root = root or package()
    shared = _shared(root)
    found = [
        _contract(source.name, event.name, file, shared)
        for source in _folders(root)
        for event in _folders(source)
        for file in event.iterdir()
    ]
    return sorted(found, key=lambda contract: (contract.source, contract.event, contract.version))


def _shared(root: Traversable) -> Mapping[str, Schema]:
    """The shared definitions of the folder, else those of this package, by their references."""
    own = root / _SHARED
    schema = _read(own if own.is_file() else package() / _SHARED)
    definitions = _local(schema)
    return {
        f"millrace:shared{reference}": _written_out(_SHARED, definition, definitions)
        for reference, definition in definitions.items()
    }


def _contract(
    source: str, event: str, file: Traversable, shared: Mapping[str, Schema]
) -> ContractFile:
    name = f"{source}/{event}/{file.name}"
    version = _VERSION.fullmatch(file.name)
    if version is None:
        raise ContractBrokenError(f"The contract {name} is not named by a version like 1.2.0.json.")
    schema = _read(file)
    whole = _written_out(name, schema, {**shared, **_local(schema)})
    numbers = Version(*map(int, version.groups()))
    return ContractFile(source, event, numbers, whole, _deprecated_after(name, schema))


def _deprecated_after(name: str, schema: Schema) -> date | None:
    told = schema.get(DEPRECATED_AFTER)
    try:
        return date.fromisoformat(told) if told is not None else None
    except (TypeError, ValueError) as error:
        raise ContractBrokenError(f"The contract {name} ends on no day: {error}.") from error


def _local(schema: Schema) -> dict[str, Schema]:
    """The definitions of a file by the references that it has for them itself."""
    return {f"#/$defs/{name}": definition for name, definition in schema.get("$defs", {}).items()}


def _written_out(name: str, schema: Schema, definitions: Mapping[str, Schema]) -> Schema:
    try:
        whole: Schema = resolve(schema, definitions)
    except KeyError as error:
        raise ContractBrokenError(f"The contract {name} refers to no {error}.") from error
    except RecursionError as error:
        raise ContractBrokenError(f"The contract {name} refers to itself.") from error
    return whole


def resolve(schema: Any, definitions: Mapping[str, Schema]) -> Any:
    """The schema with each reference replaced by what it refers to; KeyError when there is none.

    What stands beside a reference holds as well as the reference.
    """
    if isinstance(schema, list):
        return [resolve(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    rest = {
        key: resolve(value, definitions)
        for key, value in schema.items()
        if key not in ("$ref", "$defs")
    }
    if "$ref" not in schema:
        return rest
    referred = resolve(definitions[schema["$ref"]], definitions)
    return {**rest, "allOf": [*rest.get("allOf", []), referred]} if rest else referred


def by_event(contracts: Iterable[ContractFile]) -> dict[tuple[str, str], list[ContractFile]]:
    """The versions of each contract, oldest first, by source and event."""
    found: dict[tuple[str, str], list[ContractFile]] = {}
    for contract in contracts:
        found.setdefault((contract.source, contract.event), []).append(contract)
    return found


def fields(schema: Any, path: str = "") -> Iterator[str]:
    """The JSON pointers of the fields that a schema names; ``*`` stands for any item."""
    if not isinstance(schema, dict):
        return
    for part in schema.get("allOf", []):
        yield from fields(part, path)
    for name, member in schema.get("properties", {}).items():
        yield f"{path}/{name}"
        yield from fields(member, f"{path}/{name}")
    yield from fields(schema.get("items"), f"{path}/*")


def _folders(parent: Traversable) -> Iterable[Traversable]:
    found = [child for child in parent.iterdir() if child.is_dir()]
    return sorted(
        (child for child in found if not child.name.startswith("_")), key=lambda child: child.name
    )


def _read(file: Traversable) -> Schema:
    try:
        schema = orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError as error:
        raise ContractBrokenError(f"The contract {file.name} is no JSON: {error}.") from error
    if not isinstance(schema, dict):
        raise ContractBrokenError(f"The contract {file.name} is JSON, but no object.")
    return schema
