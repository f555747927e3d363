"""Contracts ready to check events with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final

import jsonschema_rs

from ingestion.contracts.library import ContractFile
from ingestion.contracts.publication import digest
from ingestion.errors import ContractBrokenError

_DAY: Final = 86_400  # seconds


@dataclass(frozen=True, slots=True)
class Contract:
    """The newest version of one major, compiled. Events received from ``refused_from`` on
    (microseconds since 1970; None: never) may no longer be written for it."""

    name: str
    major: int
    digest: str
    validator: jsonschema_rs.Draft202012Validator
    refused_from: int | None

    def is_past(self, received_at: int) -> bool:
        return self.refused_from is not None and received_at >= self.refused_from


def compile_versions(versions: Sequence[ContractFile]) -> tuple[Contract, ...]:
    """The newest version of each major, the newest major first; ``versions`` are oldest first.

    Raises ContractBrokenError when one is no JSON Schema.
    """
    newest = {file.version.major: file for file in versions}
    return tuple(_compiled(file) for file in reversed(newest.values()))


def _compiled(file: ContractFile) -> Contract:
    try:
        validator = jsonschema_rs.Draft202012Validator(file.schema, validate_formats=True)
    except (ValueError, jsonschema_rs.ValidationError) as error:
        raise ContractBrokenError(
            f"The contract {file.name} is no JSON Schema: {error}."
        ) from error
    return Contract(
        file.name,
        file.version.major,
        digest(file),
        validator,
        _refused_from(file.deprecated_after),
    )


def _refused_from(deprecated_after: date | None) -> int | None:
    """The end of that day, UTC, in microseconds since 1970."""
    if deprecated_after is None:
        return None
    last = datetime.combine(deprecated_after, time.min, UTC)
    return (int(last.timestamp()) + _DAY) * 1_000_000
