"""Loggers of the code location."""

import dagster as dg

from orchestration.batch import progress_logger


@dg.definitions
def loggers() -> dg.Definitions:
    return dg.Definitions(loggers={"progress": progress_logger})
