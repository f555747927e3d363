"""Errors of the orchestration layer.

OrchestrationError
├── SettingError                a setting is missing or wrong
├── WarehouseError
│   ├── WarehouseLockedError    another process holds the DuckDB file
│   ├── WarehouseMissingError   nothing has been built yet
│   ├── WarehouseOutdatedError  it lacks a table or column that this version reads
│   └── WarehouseCorruptError   the file cannot be read as a DuckDB database
├── PlanError                   a model cannot be built for some people only
├── LaneModelError              a model failed over the people whom new events touch
│   └── LaneMemoryError         they take more memory than the fast lane has
├── SliceTooLargeError          somebody has more events than the fast lane takes
├── LaneParityError             the fast lane makes other rows than the batch published
├── RoutingConfigError          the routing seeds contradict each other
├── BuildFailedError            dbt or a blocking data contract stopped the batch
├── PreviewError
│   ├── PreviewBuildError       the changed project does not compile, build or pass its tests
│   └── PreviewAboveLimitError  the change would do more than it may
├── ScoreError
│   ├── ScoreRulesInvalidError  a score rule or version cannot be scored by
│   ├── ScoreVersionUnknownError
│   └── ScorecardError          a scorecard could not be trained, or may not be replaced
├── CannotCompareError          a destination cannot be asked what it holds
├── ConnectingError             an account could not be connected by OAuth
├── PullNotConfiguredError      a source cannot be pulled without its credentials
├── PullFailedError             a vendor's API could not be read to the end
├── NotFoundError               `why` or `log` found nothing under that name
├── SplinkMissingError          `identity propose` needs the extra `splink`
├── AlertNotSentError       a chat did not take an alert
├── PersonInConfigError     a run's configuration, which is kept, names a person
├── PortUnavailableError        `serve`, `sandbox` or `ui` cannot listen there
├── ErasureError                somebody cannot be erased, or not to the end
│   ├── ErasureUnconfirmedError
│   ├── ErasureAmbiguousError
│   └── ErasureIncompleteError
├── BackupError                 a backup could not be made
│   ├── BackupInvalidError      a folder holds none that can be restored
│   └── RestoreRefusedError     something would be lost, or is in use
├── BenchError                  a benchmark could not be carried out
├── StorageError                a disk is full, or may not be written to
├── UnexpectedError             a fault of ours: no other error was meant for it
└── HomeInUseError              `millrace demo` refuses to wipe somebody's data

Every error carries a `code` (stable, for programs), a sentence (what happened) and a `remedy` (what
to do): that of the error catalogue, unless this case has a better one.
"""

from __future__ import annotations

from typing import Any, ClassVar

from dbt_project.catalogue import entry


class OrchestrationError(Exception):
    """Something the user can act on."""

    code: ClassVar[str] = "ORCHESTRATION_FAILED"

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message)
        self.remedy = remedy or entry(self.code).remedy


class SettingError(OrchestrationError):
    code = "SETTING_INVALID"


class CannotCompareError(OrchestrationError):
    code = "CANNOT_COMPARE"


class ConnectingError(OrchestrationError):
    code = "CREDENTIAL_NOT_CONNECTED"


class PullNotConfiguredError(OrchestrationError):
    code = "PULL_NOT_CONFIGURED"


class PullFailedError(OrchestrationError):
    """`told`: what was read all the same; `first_code`: what went wrong first."""

    code = "PULL_FAILED"

    def __init__(self, message: str, told: Any, *, first_code: str, remedy: str) -> None:
        super().__init__(message, remedy=remedy)
        self.told = told
        self.first_code = first_code


class WarehouseError(OrchestrationError):
    code = "WAREHOUSE_UNAVAILABLE"


class WarehouseLockedError(WarehouseError):
    code = "WAREHOUSE_LOCKED"


class WarehouseMissingError(WarehouseError):
    code = "WAREHOUSE_MISSING"


class WarehouseOutdatedError(WarehouseError):
    code = "WAREHOUSE_OUTDATED"


class WarehouseCorruptError(WarehouseError):
    code = "WAREHOUSE_CORRUPT"


class BuildFailedError(OrchestrationError):
    code = "BUILD_FAILED"


class PreviewError(OrchestrationError):
    code = "PREVIEW_BUILD_FAILED"


class PreviewBuildError(PreviewError):
    code = "PREVIEW_BUILD_FAILED"


class PreviewAboveLimitError(PreviewError):
    code = "PREVIEW_ABOVE_LIMIT"


class PlanError(OrchestrationError):
    code = "MODEL_NOT_SLICEABLE"


class LaneModelError(OrchestrationError):
    code = "LANE_MODEL_FAILED"


class LaneMemoryError(LaneModelError):
    code = "LANE_MEMORY"


class SliceTooLargeError(OrchestrationError):
    code = "LANE_SLICE_TOO_LARGE"


class LaneParityError(OrchestrationError):
    code = "LANE_PARITY"


class RoutingConfigError(OrchestrationError):
    code = "ROUTING_CONFIG_INVALID"


class ScoreError(OrchestrationError):
    code = "SCORE_FAILED"


class ScoreRulesInvalidError(ScoreError):
    code = "SCORE_RULES_INVALID"


class ScoreVersionUnknownError(ScoreError):
    code = "SCORE_VERSION_UNKNOWN"


class ScorecardError(ScoreError):
    code = "SCORECARD_FAILED"


class NotFoundError(OrchestrationError):
    code = "NOT_FOUND"


class SplinkMissingError(OrchestrationError):
    code = "SPLINK_MISSING"


class AlertNotSentError(OrchestrationError):
    code = "ALERT_NOT_SENT"


class PersonInConfigError(OrchestrationError):
    code = "PERSON_IN_CONFIG"


class PortUnavailableError(OrchestrationError):
    code = "PORT_UNAVAILABLE"


class ErasureError(OrchestrationError):
    code = "ERASURE_INCOMPLETE"


class ErasureUnconfirmedError(ErasureError):
    code = "ERASURE_NOT_CONFIRMED"


class ErasureAmbiguousError(ErasureError):
    code = "ERASURE_AMBIGUOUS"


class ErasureIncompleteError(ErasureError):
    code = "ERASURE_INCOMPLETE"


class BackupError(OrchestrationError):
    code = "BACKUP_FAILED"


class BackupInvalidError(BackupError):
    code = "BACKUP_INVALID"


class RestoreRefusedError(BackupError):
    code = "RESTORE_REFUSED"


class BenchError(OrchestrationError):
    code = "BENCH_FAILED"


class StorageError(OrchestrationError):
    code = "STORAGE_UNAVAILABLE"


class UnexpectedError(OrchestrationError):
    code = "UNEXPECTED_ERROR"


class HomeInUseError(OrchestrationError):
    code = "HOME_IN_USE"
