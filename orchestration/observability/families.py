"""A reading as Prometheus' metrics. Labels are names of destinations, states, jobs and codes of
the catalogue: none of them can be chosen by a stranger. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric

from orchestration.observability.readings import Position, Reading
from orchestration.observability.tries import bounded

_Row = tuple[Sequence[str], float]


def age(reading: Reading, now: datetime) -> Metric:
    """How old what is told here is."""
    seconds = max(0.0, (now - reading.taken_at).total_seconds())
    return GaugeMetricFamily(
        "millrace_readings_age_seconds", "Since when what is told here was read.", seconds
    )


def of(reading: Reading) -> Iterator[Metric]:
    """All that a reading says."""
    yield from _queues(reading)
    yield from _destinations(reading)
    yield from _credentials(reading)
    yield from _positions("millrace_lane", "that the fast lane", reading.lane)
    yield from _positions("millrace_warehouse", "that the published copy", reading.warehouse)
    published = reading.published_at
    yield GaugeMetricFamily(
        "millrace_warehouse_published_timestamp_seconds",
        "When the read copy of the warehouse was published, in seconds since 1970.",
        published.timestamp() if published else None,
    )
    yield GaugeMetricFamily(
        "millrace_lane_parity",
        "Whether the last comparison found both lanes the same.",
        reading.parity,
    )
    yield from _runs(reading)


def _queues(reading: Reading) -> Iterator[Metric]:
    yield _gauge(
        "millrace_deliveries",
        "Rows of the ledger by state.",
        ("destination", "state"),
        reading.states.items(),
    )
    reasons: dict[tuple[str, str, str], int] = {}
    for (destination, state, code), rows in reading.reasons.items():
        key = (destination, state, bounded(code))
        reasons[key] = reasons.get(key, 0) + rows
    yield _gauge(
        "millrace_deliveries_reason",
        "Rows that were given up (dead), are held or wait, by the reason.",
        ("destination", "state", "code"),
        reasons.items(),
    )
    yield _gauge(
        "millrace_hot_lead_wait_seconds",
        "How long the oldest hot row has waited.",
        ("destination",),
        _by_name(reading.hot_waits.items()),
    )


def _destinations(reading: Reading) -> Iterator[Metric]:
    health = reading.health.items()
    name = ("destination",)
    yield _gauge(
        "millrace_breaker_open",
        "Whether the breaker keeps requests back.",
        name,
        _by_name((each, value.breaker.is_open) for each, value in health),
    )
    yield _gauge(
        "millrace_destination_stopped",
        "Whether it refuses our credentials, or its address is another one.",
        name,
        _by_name((each, value.stopped_code is not None) for each, value in health),
    )
    yield _gauge(
        "millrace_destination_switched_off",
        "Whether somebody switched it off; absent: not.",
        name,
        _by_name((each, 1) for each in sorted(reading.switched_off)),
    )
    yield _gauge(
        "millrace_budget_requests_left",
        "Requests that may go out now.",
        name,
        _by_name((each, left) for each, (left, _) in reading.budgets.items()),
    )
    yield _gauge(
        "millrace_budget_requests_allowed",
        "Requests that we allow ourselves within the destination's window.",
        name,
        _by_name((each, allowed) for each, (_, allowed) in reading.budgets.items()),
    )


def _credentials(reading: Reading) -> Iterator[Metric]:
    yield _gauge(
        "millrace_credential_age_seconds",
        "How long the secret has been in use.",
        ("destination",),
        _by_name(reading.credential_ages.items()),
    )
    yield _gauge(
        "millrace_credential_expires_timestamp_seconds",
        "When the access token ends, in seconds since 1970.",
        ("destination",),
        _by_name((name, at.timestamp()) for name, at in reading.credential_ends.items()),
    )


def _positions(prefix: str, whose: str, position: Position | None) -> Iterator[Metric]:
    """Without a position the metrics have no value: nothing is not zero."""
    waiting = f"Events of the log {whose} has not seen."
    lag = f"How long the oldest event {whose} has not seen has waited."
    yield GaugeMetricFamily(
        f"{prefix}_waiting_events", waiting, position.waiting if position else None
    )
    yield GaugeMetricFamily(
        f"{prefix}_lag_seconds", lag, position.lag_seconds if position else None
    )


def _runs(reading: Reading) -> Iterator[Metric]:
    by_job = {run.job: run for run in reading.runs}
    for name, documentation, values in (
        (
            "millrace_batch_last_success",
            "Whether the last run of the job ended well.",
            {job: float(run.succeeded) for job, run in by_job.items()},
        ),
        (
            "millrace_batch_last_duration_seconds",
            "How long the last run of the job took.",
            {job: run.seconds for job, run in by_job.items()},
        ),
        (
            "millrace_batch_last_end_timestamp_seconds",
            "When the last run of the job ended, in seconds since 1970.",
            {job: run.ended_at.timestamp() for job, run in by_job.items()},
        ),
    ):
        yield _gauge(name, documentation, ("job_name",), _by_name(values.items()))


def _by_name(rows: Iterable[tuple[str, float]]) -> Iterator[_Row]:
    return (((name,), value) for name, value in rows)


def _gauge(name: str, documentation: str, labels: Sequence[str], rows: Iterable[_Row]) -> Metric:
    family = GaugeMetricFamily(name, documentation, labels=labels)
    for values, value in rows:
        family.add_metric(values, value)
    return family
