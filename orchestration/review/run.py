"""One review of an installation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import dagster as dg

from orchestration.alerts.targets import targets
from orchestration.review import automations
from orchestration.review.findings import Finding, review
from orchestration.review.gather import gather
from orchestration.settings import Settings


def run(settings: Settings, instance: dg.DagsterInstance, *, now: datetime) -> Sequence[Finding]:
    """Look at everything; what somebody should look at."""
    facts = gather(
        settings,
        automations=automations.automations(instance),
        sensors=automations.sensors(instance, settings.destinations),
        daemon_seen_at=automations.daemon_seen_at(instance),
        alert_targets=[each.name for each in targets(settings)],
        now=now,
    )
    return review(facts, now=now)
