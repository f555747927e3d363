"""Errors of the orchestration layer.

OrchestrationError
├── SettingError                a setting is missing or wrong
├── WarehouseError
│   ├── WarehouseLockedError    another process holds the DuckDB file
│   ├── WarehouseMissingError   nothing has been built yet
│   └── WarehouseCorruptError   the file cannot be read as a DuckDB database
├── BuildFailedError            dbt or a blocking data contract stopped the batch
├── NotFoundError               `why` or `log` found nothing under that name
├── PortUnavailableError        `serve`, `sandbox` or `ui` cannot listen there
└── HomeInUseError              `millrace demo` refuses to wipe somebody's data

Every error carries a `code` (stable, for programs), a sentence (what happened) and a
`remedy` (what to do), like those of `ingestion.errors` and `reverse_etl.errors`.
"""

from __future__ import annotations


class OrchestrationError(Exception):
    """Something the user can act on."""

    code = "ORCHESTRATION_FAILED"
    remedy = "Read `logs/` under MILLRACE_HOME, or the run in the Dagster UI (`make ui`)."

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message)
        if remedy is not None:
            self.remedy = remedy


class SettingError(OrchestrationError):
    code = "SETTING_INVALID"
    remedy = "Set the variable named in the message, in the environment or in a .env file."


class WarehouseError(OrchestrationError):
    code = "WAREHOUSE_UNAVAILABLE"


class WarehouseLockedError(WarehouseError):
    code = "WAREHOUSE_LOCKED"
    remedy = (
        "One process at a time may open the warehouse file. Wait for the running batch to end, or "
        "close the program that holds it (readers should open the published copy), and run again. "
        "Nothing is lost: events stay in the log."
    )


class WarehouseMissingError(WarehouseError):
    code = "WAREHOUSE_MISSING"
    remedy = "Run `millrace run` once: it builds the warehouse from the event log."


class WarehouseCorruptError(WarehouseError):
    code = "WAREHOUSE_CORRUPT"
    remedy = "Move the file away and run `millrace run --full`: it is rebuilt from the event log."


class BuildFailedError(OrchestrationError):
    code = "BUILD_FAILED"
    remedy = "Open the run in the Dagster UI (`make ui`), fix the named step, and run again."


class NotFoundError(OrchestrationError):
    code = "NOT_FOUND"
    remedy = "Check the spelling; `millrace log tail` shows what arrived last."


class PortUnavailableError(OrchestrationError):
    code = "PORT_UNAVAILABLE"
    remedy = "Stop what listens there, or choose another port with --port."


class HomeInUseError(OrchestrationError):
    code = "HOME_IN_USE"
    remedy = (
        "Point MILLRACE_HOME at an empty folder for the demo: MILLRACE_HOME=/tmp/demo make demo"
    )
