"""Resources shared by all assets."""

import os
from functools import cached_property
from importlib import metadata

import dagster as dg
from dagster_dbt import DbtCliResource
from dagster_dlt import DagsterDltResource
from packaging.version import Version

from orchestration import dbt, logs
from orchestration.settings import load_settings


class Dbt(DbtCliResource):
    """The dbt of this environment: to ask the command line for its version takes three seconds,
    in every build."""

    @cached_property
    def _cli_version(self) -> Version:
        return Version(metadata.version("dbt-core"))


@dg.definitions
def resources() -> dg.Definitions:
    settings = load_settings()
    logs.in_dagster(settings)
    # The dbt CLI runs as a child process and inherits these.
    os.environ.update(dbt.environment(settings))
    return dg.Definitions(
        # Steps share one process: importing the stack costs more than most steps do.
        executor=dg.in_process_executor,
        resources={
            "dlt": DagsterDltResource(),
            "dbt": Dbt(
                project_dir=dbt.project(settings),  # type: ignore[arg-type]  # a validator takes it
                dbt_executable=str(dbt.EXECUTABLE),
            ),
        },
    )
