"""Resources shared by all assets."""

import os

import dagster as dg
from dagster_dbt import DbtCliResource
from dagster_dlt import DagsterDltResource

from orchestration import dbt
from orchestration.settings import load_settings


@dg.definitions
def resources() -> dg.Definitions:
    settings = load_settings()
    # The dbt CLI runs as a child process and inherits these.
    os.environ.update(dbt.environment(settings))
    return dg.Definitions(
        # Steps share one process: importing the stack costs more than most steps do.
        executor=dg.in_process_executor,
        resources={
            "dlt": DagsterDltResource(),
            "dbt": DbtCliResource(
                project_dir=dbt.project(settings), dbt_executable=str(dbt.EXECUTABLE)
            ),
        },
    )
