"""Which contract an event falls under, and whether it keeps to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final, Self

import jsonschema_rs
import orjson

from ingestion.contracts.parse import Parsed, parse
from ingestion.errors import ContractBrokenError
from ingestion.problems import ProblemCode

# Where each source says what kind of event it is.
_TYPE_FIELD: Final[Mapping[str, str]] = {
    "typeform": "event_type",
    "hubspot": "subscriptionType",
    "standard": "type",
    "millrace": "type",
}

_CODES: Final[Mapping[str, ProblemCode]] = {
    "required": ProblemCode.FIELD_MISSING,
    "type": ProblemCode.FIELD_MISMATCH,
    "format": ProblemCode.FIELD_FORMAT,
    "pattern": ProblemCode.FIELD_FORMAT,
    "minLength": ProblemCode.FIELD_FORMAT,
    "enum": ProblemCode.PICKLIST_UNKNOWN,
}

_SHARED = "shared.json"
_Validator = jsonschema_rs.Draft202012Validator


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known of an event after the check.

    ``body`` is its JSON text, None when it is no JSON. ``contract`` is ``source/type/version``,
    None when there is none. ``problem_path`` is a JSON pointer to the field; values never appear.
    """

    event_type: str | None
    contract: str | None
    problem_code: str | None
    problem_path: str | None
    body: str | None = None


@dataclass(frozen=True, slots=True)
class _Contract:
    name: str
    validator: jsonschema_rs.Draft202012Validator


@dataclass(frozen=True, slots=True)
class ContractSet:
    """The contracts, compiled. ``check`` never raises."""

    contracts: Mapping[tuple[str, str], _Contract]

    @classmethod
    @cache
    def load(cls) -> Self:
        """Compile the contracts of this package; the newest version of each event type counts.

        Raises ContractBrokenError when a file is no JSON Schema.
        """
        root = files("ingestion.contracts")
        registry = jsonschema_rs.Registry([("millrace:shared", _schema(root / _SHARED))])
        contracts = {}
        for source in _folders(root):
            for event in _folders(source):
                file = max(event.iterdir(), key=lambda file: _version(file.name))
                name = f"{source.name}/{event.name}/{file.name.removesuffix('.json')}"
                contracts[source.name, event.name] = _compile(name, _schema(file), registry)
        return cls(contracts)

    def check(self, source: str, body: bytes) -> Finding:
        """The finding on one event."""
        parsed = parse(body)
        if parsed is None:
            return Finding(None, None, ProblemCode.BODY_NOT_JSON, "")
        field = _TYPE_FIELD.get(source, "type")
        if not isinstance(parsed.document, dict):
            return _finding(parsed, ProblemCode.FIELD_MISMATCH, "")
        event_type = parsed.document.get(field)
        if not isinstance(event_type, str):
            present = field in parsed.document
            code = ProblemCode.FIELD_MISMATCH if present else ProblemCode.FIELD_MISSING
            return _finding(parsed, code, f"/{field}")
        contract = self.contracts.get((source, event_type))
        if contract is None:
            unknown = ProblemCode.EVENT_TYPE_UNKNOWN
            return Finding(event_type, None, unknown, f"/{field}", parsed.text)
        code_and_path = _violation(contract.validator, parsed.document)
        return Finding(event_type, contract.name, *code_and_path, parsed.text)


def _finding(parsed: Parsed, code: ProblemCode, path: str) -> Finding:
    """The finding on JSON that does not say which event it is."""
    return Finding(None, None, code, path, parsed.text)


def _violation(
    validator: jsonschema_rs.Draft202012Validator, document: Any
) -> tuple[str | None, str | None]:
    """Code and place of the first violation in order of place; (None, None) when there is none."""
    try:
        if validator.is_valid(document):
            return None, None
        code, path = min(
            ((_code(error), _pointer(error)) for error in validator.iter_errors(document)),
            key=lambda found: (found[1], found[0]),
        )
    except ValueError:  # the validator's own limits: nesting, sizes of numbers
        return ProblemCode.CONTRACT_VIOLATION, ""
    return code, path


def _code(error: jsonschema_rs.ValidationError) -> ProblemCode:
    return _CODES.get(error.kind.name, ProblemCode.CONTRACT_VIOLATION)


def _pointer(error: jsonschema_rs.ValidationError) -> str:
    """A JSON pointer to the field; for a missing one, to where it should be."""
    steps = list(error.instance_path)
    if error.kind.name == "required":
        steps.append(error.kind.value)
    return "".join(f"/{_escape(step)}" for step in steps)


def _escape(step: str | int) -> str:
    return str(step).replace("~", "~0").replace("/", "~1")


def _folders(parent: Traversable) -> Iterable[Traversable]:
    found = [child for child in parent.iterdir() if child.is_dir()]
    return sorted(
        (child for child in found if not child.name.startswith("_")), key=lambda child: child.name
    )


def _version(name: str) -> tuple[int, ...]:
    return tuple(int(part) for part in name.removesuffix(".json").split("."))


def _schema(file: Traversable) -> dict[str, Any]:
    try:
        schema: dict[str, Any] = orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError as error:
        raise ContractBrokenError(f"The contract {file.name} is no JSON: {error}.") from error
    return schema


def _compile(name: str, schema: dict[str, Any], registry: jsonschema_rs.Registry) -> _Contract:
    try:
        return _Contract(name, _Validator(schema, validate_formats=True, registry=registry))
    except (ValueError, jsonschema_rs.ValidationError) as error:
        raise ContractBrokenError(f"The contract {name} is no JSON Schema: {error}.") from error
