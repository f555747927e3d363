"""The checks of dbt-project-evaluator, over the manifest: its package would need a network."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

# Folder → how the names of its models begin. `fct_`, `dim_` and `rpt_` are marts, and two marts
# bear the names their readers know them by.
PREFIXES = {
    "staging": ("stg_", "base_"),
    "intermediate": ("int_",),
    "marts": ("dim_", "fct_", "rpt_", "entity_map", "person_aliases"),
    "activation": ("act_",),
}
ON_DEMAND = {"rpt_current_scores"}  # a view of this very moment, for somebody at a prompt
LEAF_FANOUT = 6  # models that end at one parent; the package's own limit is 3
JOINS = 9
VIEW_CHAIN = 5
ROOTS = {
    "dim_dates",  # days are not loaded
    "int_known_refusals",  # empty, unless an incremental build supplies it
    "int_scorecard_rules",  # reads files that training wrote
}
KEYLESS = {
    # A sender may repeat an item of a list.
    "stg_typeform__answers", "stg_meta__lead_answers", "stg_hubspot__record_contacts",
    "stg_hubspot__record_properties", "int_opportunity_associations",
    # Addends: only their sums mean something, and those have keys.
    "int_campaign_credits", "int_score_changes",
    # Views over tables that have one; what an event names twice stands there twice.
    "int_event_contacts", "int_event_entities", "int_entity_links",
}  # fmt: skip
HARD_CODED = re.compile(
    r"(?<!distinct )\b(?:from|join)\s+(?!lateral\b)[\w\"`]+\.[\w\"`]+", re.IGNORECASE
)


@dataclass(frozen=True)
class Project:
    """The manifest, asked for what the checks need."""

    manifest: Any

    @property
    def models(self) -> dict[str, Any]:
        return self._nodes("model")

    def _nodes(self, kind: str) -> dict[str, Any]:
        return {
            key: node for key, node in self.manifest.nodes.items() if node.resource_type == kind
        }

    def name(self, key: str) -> str:
        return key.split(".")[-1] if key.startswith("source.") else key.split(".")[2]

    def parents(self, key: str) -> list[str]:
        return sorted(set(self.manifest.nodes[key].depends_on.nodes))

    def children(self) -> dict[str, set[str]]:
        told: dict[str, set[str]] = defaultdict(set)
        for key in self.models:
            for parent in self.parents(key):
                told[parent].add(key)
        return told

    def layer(self, key: str) -> str:
        node = self.manifest.nodes.get(key)
        return node.fqn[1] if node is not None and node.resource_type == "model" else ""

    def tests(self, key: str) -> Iterator[Any]:
        for test in self._nodes("test").values():
            if getattr(test, "attached_node", None) == key:
                yield test


@pytest.fixture(scope="module")
def project(manifest: Any) -> Project:
    return Project(manifest)


def test_models_are_named_after_their_layer(project: Project) -> None:
    """A name's prefix says where the model belongs, and staging says of which source."""
    wrong = {
        node.name
        for node in project.models.values()
        if not node.name.startswith(PREFIXES[node.fqn[1]])
    }
    assert set() == wrong
    unsourced = {
        node.name
        for node in project.models.values()
        if node.fqn[1] == "staging" and node.name.split("_", 1)[1].split("__")[0] != node.fqn[2]
    }
    assert set() == unsourced


def test_models_are_described_beside_themselves(project: Project) -> None:
    """The yml of a model is in the model's own folder."""
    apart = {
        node.name: node.patch_path
        for node in project.models.values()
        if not node.patch_path
        or PurePosixPath(node.patch_path.split("://")[1]).parent
        != PurePosixPath(node.original_file_path).parent
    }
    assert {} == apart


def test_only_staging_reads_sources(project: Project) -> None:
    """Everything else reads models; the event log has one reader, and every source has one."""
    readers = [
        (parent, key)
        for key in project.models
        for parent in project.parents(key)
        if parent.startswith("source.")
    ]
    assert {"staging"} == {project.layer(reader) for _, reader in readers}
    assert dict.fromkeys(project.manifest.sources, 1) == Counter(source for source, _ in readers)


def test_staging_reads_nothing_but_sources_seeds_and_its_base(project: Project) -> None:
    """A staging model does not depend on what is built from staging."""
    wrong = {
        node.name: parents
        for key, node in project.models.items()
        if node.fqn[1] == "staging"
        and (
            parents := [
                project.name(parent)
                for parent in project.parents(key)
                if not parent.startswith(("source.", "seed."))
                and not project.name(parent).startswith("base_")
            ]
        )
    }
    assert {} == wrong


def test_layers_point_forward(project: Project) -> None:
    """Nothing reads activation models, and only marts read the reports on operations."""
    backward = {
        (project.name(parent), node.name)
        for key, node in project.models.items()
        for parent in project.parents(key)
        if (project.layer(parent) == "activation")
        or (project.layer(parent) == "marts" and node.fqn[1] == "staging")
        or project.name(parent).startswith("rpt_")
    }
    assert set() == backward


def test_no_model_joins_a_source_to_models(project: Project) -> None:
    """What reads a source reads that source alone."""
    mixed = {
        node.name
        for key, node in project.models.items()
        if len(project.parents(key)) > 1
        and any(parent.startswith("source.") for parent in project.parents(key))
    }
    assert set() == mixed


def test_every_model_has_a_root(project: Project) -> None:
    """A model without parents would hold data that nobody loaded."""
    assert ROOTS == {node.name for key, node in project.models.items() if not project.parents(key)}


def test_no_relation_is_written_by_hand(project: Project) -> None:
    """Tables are named through ref and source only."""
    written = {
        node.name: found
        for node in project.models.values()
        if (
            found := HARD_CODED.findall(
                re.sub(r"{[{%#].*?[}%#]}", " ", node.raw_code, flags=re.DOTALL)
            )
        )
    }
    assert {} == written


def test_few_models_end_at_one_parent(project: Project) -> None:
    """Many leaves under one model are work for the reporting tool; activations are no reports."""
    children = project.children()
    reports = {key for key in project.models if project.layer(key) != "activation"}
    fanout = {
        project.name(parent): sorted(project.name(leaf) for leaf in leaves)
        for parent, read_by in children.items()
        if parent in project.models
        and len(leaves := [key for key in read_by & reports if not children.get(key)]) > LEAF_FANOUT
    }
    assert {} == fanout


def test_joins_and_views_stay_shallow(project: Project) -> None:
    """A model joins few others, and no query runs through a long chain of views."""
    joins = {
        node.name: count
        for node in project.models.values()
        if (count := len(re.findall(r"\bjoin\b", node.raw_code))) > JOINS
    }
    assert {} == joins
    depth: dict[str, int] = {}

    def chain(key: str) -> int:
        node = project.models.get(key)
        if node is None or node.config.materialized != "view":
            return 0
        if key not in depth:
            depth[key] = 1 + max(map(chain, project.parents(key)), default=0)
        return depth[key]

    assert {} == {
        project.name(key): chain(key) for key in project.models if chain(key) > VIEW_CHAIN
    }


def test_every_model_has_a_primary_key_test(project: Project) -> None:
    """The integrity test of each model says what tells its rows apart; but for the views that
    only rename what staging models have tested."""
    without = set()
    for key, node in project.models.items():
        if "mappings" in node.fqn:
            continue
        told = [
            test.test_metadata.kwargs
            for test in project.tests(key)
            if test.test_metadata and test.test_metadata.name == "integrity"
        ]
        if not any(arguments.get("primary_key") or arguments.get("unique") for arguments in told):
            without.add(node.name)
    assert KEYLESS == without


def test_a_model_has_one_integrity_test(project: Project) -> None:
    """Every test costs a build the same, however few rows it reads: one a model says it all."""
    nodes = {**project.models, **project.manifest.sources}
    tests = {
        project.name(key): Counter(
            test.test_metadata.name for test in project.tests(key) if test.test_metadata
        )
        for key in nodes
    }
    assert {} == {
        name: told for name, told in tests.items() if told["integrity"] > 1 or told["not_null"]
    }


def test_everything_is_documented(project: Project) -> None:
    """Each model, source, seed and exposure; each column that marts, activation and seeds show."""
    nodes = [*project.models.values(), *project.manifest.sources.values()]
    nodes += [node for node in project.manifest.nodes.values() if node.resource_type == "seed"]
    nodes += [*project.manifest.exposures.values(), *project.manifest.metrics.values()]
    nodes += [*project.manifest.semantic_models.values(), *project.manifest.unit_tests.values()]
    assert set() == {node.name for node in nodes if not node.description}
    columns = {
        f"{node.name}.{column.name}"
        for node in nodes
        for column in getattr(node, "columns", {}).values()
        if not column.description
    }
    assert set() == columns


def test_public_models_keep_an_enforced_contract(project: Project) -> None:
    """Marts and activation models are public, and their columns are promised with their types."""
    public = {"marts", "activation"}
    assert {node.name: node.fqn[1] in public for node in project.models.values()} == {
        node.name: node.access == "public" for node in project.models.values()
    }
    loose = {
        node.name
        for node in project.models.values()
        if node.fqn[1] in public
        and (
            not node.config.contract.enforced
            or not all(column.data_type for column in node.columns.values())
        )
    }
    assert set() == loose


def test_exposures_stand_on_public_tables(project: Project) -> None:
    """What leaves the warehouse reads marts and activation models only, and no views."""
    wrong = {
        exposure.name: [
            project.name(parent)
            for parent in exposure.depends_on.nodes
            if project.layer(parent) not in ("marts", "activation")
            or project.manifest.nodes[parent].config.materialized == "view"
        ]
        for exposure in project.manifest.exposures.values()
    }
    assert {name: [] for name in wrong} == wrong


def test_every_public_model_is_exposed_or_read(project: Project) -> None:
    """A mart that nothing reads, and nobody is known to use, has no reason to be there."""
    exposed = {
        parent
        for exposure in project.manifest.exposures.values()
        for parent in exposure.depends_on.nodes
    }
    children = project.children()
    useless = {
        node.name
        for key, node in project.models.items()
        if node.fqn[1] in ("marts", "activation") and key not in exposed and not children.get(key)
    }
    assert ON_DEMAND == useless


def test_nothing_global_reaches_an_activation(project: Project) -> None:
    """An activation row depends on its person's events and on reference tables only (law 3)."""
    scope = {key: node.config.meta.get("scope", "person") for key, node in project.models.items()}
    assert {"event", "value", "person", "reference", "global"} >= set(scope.values())
    reached = [key for key in scope if project.layer(key) == "activation"]
    seen = set(reached)
    while reached:
        for parent in project.parents(reached.pop()):
            # What a reference model is made of is its own affair: it is published as it stands.
            if parent in scope and parent not in seen and scope[parent] != "reference":
                seen.add(parent)
                reached.append(parent)
    assert set() == {project.name(key) for key in seen if scope[key] == "global"}


def test_tests_stand_beside_what_they_test(project: Project) -> None:
    """Generic tests are written in the yml of their model's folder."""
    folders = {
        test.name: (Path(test.original_file_path).parent, Path(node.original_file_path).parent)
        for key, node in project.models.items()
        for test in project.tests(key)
    }
    assert {} == {name: pair for name, pair in folders.items() if pair[0] != pair[1]}
