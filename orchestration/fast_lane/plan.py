"""From dbt's manifest to an ordered list of SQL statements: what a build without dbt runs.

The manifest is compiled (`dbt compile`), so each model's SQL is final text that names its inputs
as `schema.table`. Which catalog these names mean is up to the connection that runs it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from graphlib import TopologicalSorter
from typing import Any

from orchestration.errors import PlanError
from orchestration.fast_lane.touches import Touch, read_touches


class Scope(StrEnum):
    """What a model's rows depend on: `meta.scope` in its yml."""

    EVENT = "event"  # each row on one event and its copies (events of one vendor_id)
    VALUE = "value"  # each row on one value alone, its key
    PERSON = "person"  # each row on the events of one person: the default
    REFERENCE = "reference"  # small; models of people may read it
    GLOBAL = "global"  # on everybody; feeds no activation
    SEED = "seed"  # on no event: seeds, and models of seeds alone


ACTIVATION = "activation"
"""The schema of what is wanted at destinations."""

MAY_READ = {
    Scope.EVENT: {Scope.EVENT, Scope.VALUE, Scope.SEED},
    Scope.VALUE: {Scope.EVENT, Scope.VALUE, Scope.PERSON, Scope.SEED},
    Scope.PERSON: {Scope.EVENT, Scope.VALUE, Scope.PERSON, Scope.REFERENCE, Scope.SEED},
    Scope.REFERENCE: set(Scope) - {Scope.GLOBAL},
    Scope.GLOBAL: set(Scope),
}
"""Which scopes a model of a scope may read."""

UNIQUENESS = frozenset({"integrity", "unique"})
"""Names of the tests that say what tells the rows of a model apart."""


@dataclass(frozen=True, slots=True)
class Model:
    """One relation of the dbt project, and how it can be rebuilt for some people only.

    `keys`: column → kind of entity, where a column's name does not say so; `unique`: columns that
    tell rows apart (from its tests), empty when no test says; `reads`: names of other relations,
    sources as `schema.table`; `carried_from`: in a slice it holds that model's rows instead, which
    stand as long as nothing leaves `held_in`.
    """

    name: str
    schema: str
    table: str
    scope: Scope
    sql: str
    is_view: bool
    reads: tuple[str, ...]
    keys: Mapping[str, str]
    unique: tuple[str, ...]
    touches: tuple[Touch, ...] | None
    carried_from: str | None
    held_in: str | None

    @property
    def is_merged(self) -> bool:
        """Whether it is a table that builds change."""
        return not (self.is_view or self.carried_from or self.scope is Scope.SEED)


@dataclass(frozen=True, slots=True)
class Test:
    """A dbt data test; `sql` yields the rows that fail; `of` is the model it is listed under."""

    name: str
    sql: str
    reads: tuple[str, ...]
    of: str | None
    warns: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """Every relation after those it reads."""

    models: tuple[Model, ...]
    tests: tuple[Test, ...]
    fingerprint: str

    def __getitem__(self, name: str) -> Model:
        return next(model for model in self.models if model.name == name)

    def sources(self) -> list[str]:
        """What the models read that is loaded: `schema.table`."""
        names = {model.name for model in self.models}
        return sorted({read for model in self.models for read in model.reads} - names)

    def readers(self, name: str) -> list[Model]:
        """The models that read this one themselves."""
        return [model for model in self.models if name in model.reads]

    def of(self, *scopes: Scope) -> list[Model]:
        """The models of these scopes, in order."""
        return [model for model in self.models if model.scope in scopes]

    def upstream(self, names: Sequence[str]) -> set[str]:
        """These models and all that they read, directly or not."""
        reads = {model.name: model.reads for model in self.models}
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name in reads and name not in found:
                found.add(name)
                waiting.extend(reads[name])
        return found


def read_plan(manifest: Mapping[str, Any], fingerprint: str) -> Plan:
    """Order and check the manifest; raises PlanError naming a model that cannot take part."""
    nodes = manifest["nodes"]
    names = {node_id: _name(node_id, node) for node_id, node in nodes.items()}
    sources = {
        source_id: f"{source['schema']}.{source['name']}"
        for source_id, source in manifest["sources"].items()
    }
    names |= sources
    unique = _unique_columns(nodes)
    models = _with_constants(
        {
            names[node_id]: _model(node, names, unique.get(node_id, ()))
            for node_id, node in nodes.items()
            if node["resource_type"] in ("model", "seed")
        }
    )
    tests = tuple(
        _test(node, names)
        for _, node in sorted(nodes.items())
        if node["resource_type"] == "test" and node.get("compiled_code")
    )
    plan = Plan(tuple(_ordered(models)), tests, fingerprint)
    _check(plan)
    _check_touches(plan)
    return plan


def _name(node_id: str, node: Mapping[str, Any]) -> str:
    return str(node["name"]) if node["resource_type"] in ("model", "seed") else node_id


def _ordered(models: Mapping[str, Model]) -> list[Model]:
    graph = {
        name: sorted(read for read in model.reads if read in models)
        for name, model in sorted(models.items())
    }
    return [models[name] for name in TopologicalSorter(graph).static_order()]


def _with_constants(models: Mapping[str, Model]) -> dict[str, Model]:
    """A model of seeds alone is as constant as they are."""
    known = dict(models)
    for model in _ordered(models):
        of_seeds = bool(model.reads) and all(
            read in known and known[read].scope is Scope.SEED for read in model.reads
        )
        if of_seeds and not model.carried_from:
            known[model.name] = replace(model, scope=Scope.SEED)
    return known


def _model(node: Mapping[str, Any], names: Mapping[str, str], unique: tuple[str, ...]) -> Model:
    meta = node["config"].get("meta") or {}
    is_seed = node["resource_type"] == "seed"
    return Model(
        name=node["name"],
        schema=node["schema"],
        table=node["alias"],
        scope=Scope.SEED if is_seed else _scope(node["name"], meta),
        sql=node.get("compiled_code") or "",
        is_view=node["config"]["materialized"] == "view",
        reads=tuple(names[read] for read in node["depends_on"].get("nodes", ())),
        keys=dict(meta.get("keys", {})),
        unique=unique,
        touches=read_touches(node["name"], meta),
        carried_from=meta.get("carried_from"),
        held_in=meta.get("held_in"),
    )


def _scope(name: str, meta: Mapping[str, Any]) -> Scope:
    told = meta.get("scope", "person")
    try:
        return Scope(told)
    except ValueError:
        scopes = ", ".join(scope for scope in Scope if scope is not Scope.SEED)
        raise PlanError(f"Model {name}: `{told}` is no scope; choose from {scopes}.") from None


def _unique_columns(nodes: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Node id → the columns of its shortest uniqueness test."""
    found: dict[str, tuple[str, ...]] = {}
    for _, node in sorted(nodes.items()):
        told = node.get("test_metadata") if node["resource_type"] == "test" else None
        if told is None or told["name"] not in UNIQUENESS or node["config"].get("where"):
            continue
        attached = node.get("attached_node")
        for columns in _told_apart_by(told["kwargs"]):
            if attached not in found or len(columns) < len(found[attached]):
                found[attached] = columns
    return found


def _told_apart_by(arguments: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """The keys that a test of dbt's own (`unique`) or of ours (`integrity`) is about."""
    if "column_name" in arguments:
        return [(arguments["column_name"],)]
    keys = (arguments.get(name) for name in ("primary_key", "unique"))
    return [tuple(columns) for columns in keys if columns]


def _test(node: Mapping[str, Any], names: Mapping[str, str]) -> Test:
    attached = node.get("attached_node")
    return Test(
        name=node["name"],
        sql=node["compiled_code"],
        reads=tuple(names[read] for read in node["depends_on"].get("nodes", ())),
        of=names[attached] if attached else None,
        warns=node["config"]["severity"].lower() == "warn",
    )


def _check(plan: Plan) -> None:
    scopes = {model.name: model.scope for model in plan.models}
    for model in plan.models:
        if model.scope is Scope.SEED:
            continue
        if not model.sql:
            raise PlanError(f"Model {model.name} is not compiled in this manifest.")
        for read in model.reads:
            if read in scopes and scopes[read] not in MAY_READ[model.scope]:
                raise PlanError(
                    f"Model {model.name} is of scope `{model.scope}` and reads {read},"
                    f" which is of scope `{scopes[read]}`."
                )
        if model.scope is Scope.VALUE and not (model.unique or model.is_view):
            raise PlanError(f"Model {model.name} is of scope `value` and has no unique key.")
    for name in plan.upstream([m.name for m in plan.models if m.schema == ACTIVATION]):
        if scopes[name] is Scope.GLOBAL:
            raise PlanError(f"Model {name} is of scope `global` and feeds an activation.")


def _check_touches(plan: Plan) -> None:
    names = {model.name for model in plan.models}
    for model in plan.models:
        for touch in model.touches or ():
            if touch.model not in names:
                raise PlanError(f"Model {model.name}: meta.touches: there is no {touch.model}.")
