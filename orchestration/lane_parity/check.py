"""Whether both lanes agree on what was published last. The answer is kept for `millrace status`."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import datetime
from time import perf_counter

from ingestion.contracts import ContractSet
from orchestration import connections, warehouse
from orchestration.errors import OrchestrationError, WarehouseMissingError
from orchestration.fast_lane.loading import person_effects
from orchestration.fast_lane.plan import read_plan
from orchestration.lane_parity import record, rows
from orchestration.lane_parity.compare import compare
from orchestration.lane_parity.outcome import Parity
from orchestration.lane_parity.sample import Limits
from orchestration.settings import Settings


def run(settings: Settings, *, now: datetime, limits: Limits | None = None) -> Parity:
    """Check, and keep what came of it, also where it could not be carried out.

    Raises what `check` does.
    """
    try:
        parity = check(settings, now=now, limits=limits)
    except OrchestrationError as error:
        record.write_failure(settings, error, now=now)
        raise
    record.write(settings, parity)
    return parity


def check(settings: Settings, *, now: datetime, limits: Limits | None = None) -> Parity:
    """Compare what was published last with what the fast lane makes of the log up to there.

    Raises WarehouseMissingError before the first batch, PlanError or LaneModelError where the
    models cannot be built for some people only, LogUnavailableError.
    """
    started = perf_counter()
    publication = warehouse.publication(settings.published)
    if publication is None or not settings.published_manifest.exists():
        raise WarehouseMissingError("Nothing has been published yet.")
    plan = read_plan(json.loads(settings.published_manifest.read_bytes()), "published")
    with closing(connections.event_log(settings)) as log:
        events = rows.of_log(log, ContractSet.load())
        effects = person_effects(plan, settings)
        compared = compare(plan, effects, settings.published, events, limits or Limits())
    seconds = round(perf_counter() - started, 3)
    return Parity(publication.published_at, publication.log_position, now, seconds, compared)
