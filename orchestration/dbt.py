"""The dbt project as Dagster sees it: where it is, its manifest, how a build is called."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dagster import MetadataValue
from dagster_dbt import DagsterDbtTranslator, DbtProject

from orchestration.errors import BuildFailedError
from orchestration.scoring import scorecard_files
from orchestration.settings import Settings

PROJECT_DIR = Path(__file__).resolve().parent.parent / "dbt_project"
FOLDERS = ("--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR))
EXECUTABLE = Path(sys.executable).with_name("dbt")  # this environment's, whatever PATH says
PARSED = "partial_parse.msgpack"
LIBRARIES = ("dbt-core", "dbt-duckdb", "duckdb", "phonenumbers", "tldextract")
SOURCE_SUFFIXES = frozenset({".sql", ".yml", ".csv", ".py"})


class Translator(DagsterDbtTranslator):
    """Seeds stand on the left, with what comes in. Keys stay schema/name, so that `raw/events` from
    dlt joins the dbt source by itself. A description is what the YAML says: it is a line of the
    catalog; the SQL stands in the metadata."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        group = super().get_group_name(dbt_resource_props)
        return "ingestion" if dbt_resource_props["resource_type"] == "seed" else group

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        return str(dbt_resource_props["description"]).strip()

    def get_metadata(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, Any]:
        metadata = super().get_metadata(dbt_resource_props)
        sql = dbt_resource_props.get("raw_code")
        return {**metadata, "sql": MetadataValue.md(f"```sql\n{sql}\n```")} if sql else metadata


def environment(settings: Settings) -> dict[str, str]:
    """What dbt reads from the environment; one place, used by every way to call dbt."""
    return {
        "MILLRACE_WAREHOUSE": str(settings.warehouse),
        "MILLRACE_DESTINATIONS": ",".join(settings.destinations),
        "MILLRACE_SCORECARDS": str(scorecard_files.prepared(settings.scorecards)),
        "DBT_TARGET_PATH": str(settings.dbt_target),
        "DBT_LOG_PATH": str(settings.home / "dbt" / "logs"),
        # Every query, twice: a fifth of the time of a build. Its output tells what matters.
        "DBT_LOG_LEVEL_FILE": "none",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }


def project(settings: Settings) -> DbtProject:
    return DbtProject(
        project_dir=PROJECT_DIR, profiles_dir=PROJECT_DIR, target_path=settings.dbt_target
    )


def prepare_build(settings: Settings) -> Path:
    """The folder for a full build, which starts from what `ensure_manifest` parsed."""
    (settings.dbt_build / PARSED).unlink(missing_ok=True)  # dagster-dbt copies it where none is
    return settings.dbt_build


def ensure_manifest(settings: Settings) -> Path:
    """Parse the project when its fingerprint changed since the last time; returns the manifest.

    Raises BuildFailedError with dbt's own first line when the project does not parse.
    """
    return kept_manifest(
        settings, settings.dbt_target, lambda: _parse(settings, ["parse", "--quiet"])
    )


def kept_manifest(settings: Settings, target: Path, make: Callable[[], None]) -> Path:
    """The manifest in a target folder, which `make` writes when the fingerprint changed since."""
    manifest, stamp = target / "manifest.json", target / "manifest.fingerprint"
    current = fingerprint(settings)
    if manifest.exists() and stamp.exists() and stamp.read_text() == current:
        return manifest
    stamp.unlink(missing_ok=True)
    make()
    stamp.write_text(current)
    return manifest


def run(arguments: Sequence[str], *, target: Path, environment: Mapping[str, str]) -> str | None:
    """Run dbt in a process of its own; returns its last line where it failed, else None."""
    done = subprocess.run(  # noqa: S603  our own dbt, no shell
        [str(EXECUTABLE), "--quiet", *arguments, *FOLDERS, "--target-path", str(target)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if not done.returncode:
        return None
    words = (done.stdout.strip() or done.stderr.strip()).splitlines()
    return words[-1] if words else "no message"


def fingerprint(settings: Settings) -> str:
    """Changes with anything that may change a row: models, seeds, functions and what they use, and
    which destinations have models."""
    return _hash([_digest(PROJECT_DIR), *_libraries(), *sorted(settings.destinations)])


def functions_fingerprint(project: Path) -> str:
    """Changes with the Python that a project's models call, and with what that uses."""
    return _hash([_digest(project / "functions"), *_libraries()])


def _libraries() -> list[str]:
    return [f"{library} {version(library)}" for library in LIBRARIES]


def _hash(told: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _digest(folder: Path) -> str:
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix in SOURCE_SUFFIXES and "target" not in path.relative_to(folder).parts
    )
    digest = hashlib.sha256()
    for path in files:
        digest.update(str(path.relative_to(folder)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _parse(settings: Settings, arguments: Sequence[str]) -> None:
    from dbt.cli.main import dbtRunner  # imported late: it takes a second

    settings.dbt_target.mkdir(parents=True, exist_ok=True)
    os.environ.update(environment(settings))
    result = dbtRunner().invoke([*arguments, *FOLDERS, "--target-path", str(settings.dbt_target)])
    if not result.success:
        told = str(result.exception).strip().splitlines() or ["no message"]
        raise BuildFailedError(
            f"The dbt project does not parse: {told[0]}",
            remedy="Run `dbt parse` in dbt_project/ and mend the file it names.",
        )
