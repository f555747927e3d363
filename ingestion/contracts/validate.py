"""Which contract an event falls under, and whether it keeps to it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources.abc import Traversable
from typing import Any, Final, NamedTuple, Self

import jsonschema_rs

from ingestion.contracts.compiled import Contract, compile_versions
from ingestion.contracts.event_type import event_type, says_type, type_path
from ingestion.contracts.library import ContractFile, by_event, read_contracts
from ingestion.contracts.parse import PARSERS, Parsed, parse
from ingestion.contracts.values import MISSING, value_class
from ingestion.event_log.erased import is_tombstone, type_of
from ingestion.problems import ProblemCode

_CODES: Final[Mapping[str, ProblemCode]] = {
    "required": ProblemCode.FIELD_MISSING,
    "type": ProblemCode.FIELD_MISMATCH,
    "format": ProblemCode.FIELD_FORMAT,
    "pattern": ProblemCode.FIELD_FORMAT,
    "minLength": ProblemCode.FIELD_FORMAT,
    "enum": ProblemCode.PICKLIST_UNKNOWN,
}

# The vocabulary of sources that have no contracts of their own.
_FALLBACK: Final = "standard"

# Where an event may say which version of its contract it was written for.
VERSION_MEMBER: Final = "schema_version"
_DECLARED: Final = re.compile(r"(\d{1,9})(\.\d{1,9}){0,2}", re.ASCII)


class Finding(NamedTuple):
    """What is known of an event after the check; a tuple, since one is made for every event.

    ``body`` is its JSON text, None when it is no JSON. ``contract`` is ``source/type/version``,
    None when there is none. ``problem_path`` is a JSON pointer to the field and ``problem_value``
    the class of what stands there (see values.py); values themselves never appear.
    """

    event_type: str | None
    contract: str | None
    problem_code: str | None
    problem_path: str | None
    body: str | None = None
    problem_value: str | None = None


class _Problem(NamedTuple):
    code: ProblemCode
    path: str
    value: str


@dataclass(frozen=True, slots=True)
class ContractSet:
    """The contracts, compiled: of each source and event type the newest version of every major,
    the newest major first. ``check`` never raises."""

    contracts: Mapping[tuple[str, str], Sequence[Contract]]
    sources: frozenset[str]

    @classmethod
    def load(cls, root: Traversable | None = None) -> Self:
        """Compile the contracts of this package, or those below another folder.

        Raises ContractBrokenError when a file is no contract.
        """
        return cls._packaged() if root is None else cls.of(read_contracts(root))

    @classmethod
    @cache
    def _packaged(cls) -> Self:
        return cls.of(read_contracts())

    @classmethod
    def of(cls, files: Iterable[ContractFile]) -> Self:
        """Compile these contracts."""
        contracts = {
            event: compile_versions(versions) for event, versions in by_event(files).items()
        }
        return cls(contracts, frozenset(source for source, _ in contracts))

    def check(self, source: str, body: bytes, received_at: int = 0) -> Finding:
        """The finding on one event.

        ``received_at`` (microseconds since 1970, as the log keeps it) is compared with deprecation
        dates, so that an event gets the same finding whenever it is loaded.
        """
        if is_tombstone(body):
            return Finding(type_of(body), None, ProblemCode.ERASED, "", None, "object")
        parsed = PARSERS.get(source, parse)(body)
        if parsed is None:
            value = "text" if body.strip() else "text:empty"
            return Finding(None, None, ProblemCode.BODY_NOT_JSON, "", None, value)
        if not isinstance(parsed.document, dict):
            problem = _Problem(ProblemCode.FIELD_MISMATCH, "", value_class(parsed.document))
            return _finding(parsed, None, None, problem)
        kind = event_type(source, parsed.document)
        if not isinstance(kind, str):
            return _finding(parsed, None, None, _no_type(source, parsed.document))
        versions = self.versions(source, kind)
        if not versions:
            problem = _Problem(ProblemCode.EVENT_TYPE_UNKNOWN, type_path(source), value_class(kind))
            return _finding(parsed, kind, None, problem)
        contract, found = _judge(versions, parsed.document, received_at)
        return _finding(parsed, kind, contract, found)

    def versions(self, source: str, kind: str) -> Sequence[Contract]:
        """The contracts that count for a type of event, the newest major first."""
        if source not in self.sources:
            source = _FALLBACK
        return self.contracts.get((source, kind), ())

    def fingerprint(self, source: str, kind: str | None) -> str:
        """Short text that differs when the contracts of a type of event differ."""
        told = [(c.digest, c.refused_from) for c in self.versions(source, kind or "")]
        return hashlib.sha256(repr(told).encode()).hexdigest()[:12]


def _finding(
    parsed: Parsed, kind: str | None, contract: str | None, problem: _Problem | None
) -> Finding:
    if problem is None:
        return Finding(kind, contract, None, None, parsed.text)
    return Finding(kind, contract, problem.code, problem.path, parsed.text, problem.value)


def _no_type(source: str, document: dict[str, Any]) -> _Problem:
    """The problem of an object that does not say which event it is."""
    path = type_path(source)
    if says_type(source, document):
        return _Problem(ProblemCode.FIELD_MISMATCH, path, value_class(event_type(source, document)))
    return _Problem(ProblemCode.FIELD_MISSING, path, MISSING)


def _judge(
    versions: Sequence[Contract], document: dict[str, Any], received_at: int
) -> tuple[str | None, _Problem | None]:
    """The contract an event falls under, and what is wrong under it.

    An event that declares a version is held to that major. Any other is held to the newest one, or
    to an older one that it keeps to while that is not past its date.
    """
    if VERSION_MEMBER in document:
        told = document[VERSION_MEMBER]
        versions = _declared(versions, told)
        if not versions:
            path = f"/{VERSION_MEMBER}"
            code = ProblemCode.CONTRACT_VERSION_UNKNOWN
            return None, _Problem(code, path, value_class(told))
    past = None
    for contract in versions:
        if _is_valid(contract, document):
            if not contract.is_past(received_at):
                return contract.name, None
            past = past or contract.name
    if past is not None:
        return past, _Problem(ProblemCode.CONTRACT_DEPRECATED, "", "object")
    return versions[0].name, _violation(versions[0], document)


def _declared(versions: Sequence[Contract], told: Any) -> Sequence[Contract]:
    """The versions of the major that an event declares; none when it cannot be read."""
    match = _DECLARED.fullmatch(told) if isinstance(told, str) else None
    major = int(match.group(1)) if match else None
    return [contract for contract in versions if contract.major == major]


def _is_valid(contract: Contract, document: Any) -> bool:
    try:
        return contract.validator.is_valid(document)
    except ValueError:  # the validator's own limits: nesting, sizes of numbers
        return False


def _violation(contract: Contract, document: Any) -> _Problem:
    """The first violation in order of place, then of code."""
    try:
        errors = list(contract.validator.iter_errors(document))
    except ValueError:
        errors = []
    found = [_problem(error) for error in errors]
    fallback = _Problem(ProblemCode.CONTRACT_VIOLATION, "", "object")
    return min(found, key=lambda problem: (problem.path, problem.code), default=fallback)


def _problem(error: jsonschema_rs.ValidationError) -> _Problem:
    kind = error.kind.name
    code = _CODES.get(kind, ProblemCode.CONTRACT_VIOLATION)
    value = MISSING if kind == "required" else value_class(error.instance)
    return _Problem(code, _pointer(error), value)


def _pointer(error: jsonschema_rs.ValidationError) -> str:
    """A JSON pointer to the field; for a missing one, to where it should be."""
    steps = list(error.instance_path)
    if error.kind.name == "required":
        steps.append(error.kind.value)
    return "".join(f"/{_escape(step)}" for step in steps)


def _escape(step: str | int) -> str:
    return str(step).replace("~", "~0").replace("/", "~1")
