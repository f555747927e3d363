"""The changed dbt project, called in a process of its own, with a file of its own to build in."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml  # type: ignore[import-untyped]  # its stubs are not among ours

from orchestration import dbt
from orchestration.errors import PreviewBuildError, SettingError
from orchestration.preview import words
from orchestration.settings import Settings

TARGET: Final = "preview"


@dataclass(frozen=True, slots=True)
class Project:
    """`source`: the working copy; `folder`: where all that is made stands; `environment`: dbt's."""

    source: Path
    folder: Path
    environment: Mapping[str, str]

    @property
    def warehouse(self) -> Path:
        return self.folder / "preview.duckdb"

    def compile(self) -> dict[str, Any]:
        """The manifest with every model's final text; raises PreviewBuildError."""
        self._run("compile", "--select", "resource_type:model", "resource_type:seed")
        manifest: dict[str, Any] = json.loads((self._target / "manifest.json").read_bytes())
        return manifest

    def build(self, names: Sequence[str]) -> tuple[str, ...]:
        """Build and test these models and seeds; returns the tests that warn, with dbt's words.
        Raises PreviewBuildError with those of what failed."""
        self._run("build", "--exclude-resource-type", "unit_test", "--select", *names)
        return words.warned(self._results)

    @property
    def _target(self) -> Path:
        return self.folder / "target"

    @property
    def _results(self) -> Path:
        return self._target / "run_results.json"

    def _run(self, command: str, *arguments: str) -> None:
        self._results.unlink(missing_ok=True)
        done = subprocess.run(  # noqa: S603  our own dbt, no shell
            [
                str(dbt.EXECUTABLE), "--quiet", "--no-use-colors", command, *arguments,
                *("--project-dir", str(self.source), "--profiles-dir", str(self.folder)),
                *("--target", TARGET, "--target-path", str(self._target)),
            ],
            env=dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
        if done.returncode:
            raise PreviewBuildError(words.of(self._results, done.stdout or done.stderr))


def ensure(source: Path) -> None:
    """Raises SettingError where there is no dbt project."""
    if not (source / "dbt_project.yml").exists() or not (source / "profiles.yml").exists():
        raise SettingError(
            f"{source} is no dbt project: it lacks dbt_project.yml or profiles.yml.",
            remedy="Name the changed project's folder by --project-dir.",
        )


def prepare(settings: Settings, source: Path, folder: Path, published: Path) -> Project:
    """The project in `source`, to be built in `folder` beside the published copy."""
    project = Project(source, folder, _environment(settings, source, folder))
    profiles = yaml.safe_load((source / "profiles.yml").read_text())
    told = _profiles(profiles, project.warehouse, published)
    (folder / "profiles.yml").write_text(yaml.safe_dump(told))
    return project


def _profiles(
    profiles: Mapping[str, Any], warehouse: Path, published: Path
) -> dict[str, dict[str, Any]]:
    """Production's profile, but for the file, with the published copy beside it."""
    (name, profile), *_ = ((n, p) for n, p in profiles.items() if "outputs" in p)
    output = {
        **profile["outputs"][profile["target"]],
        "path": str(warehouse),
        "attach": [{"path": str(published), "alias": "published", "read_only": True}],
    }
    return {name: {"target": TARGET, "outputs": {TARGET: output}}}


def _environment(settings: Settings, source: Path, folder: Path) -> dict[str, str]:
    """As production calls dbt. The Python functions are the working copy's own."""
    paths = [str(source.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        **dbt.environment(settings),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
        "PYTHONPATH": os.pathsep.join(paths),
    }
