"""`millrace run` for people and programs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from rich.console import Console

from orchestration import destinations
from orchestration.batch import BatchReport
from orchestration.commands.output import table
from orchestration.commands.status import tell_accounting

ENQUEUED = ("inserted", "unchanged", "superseded", "cancelled", "expired", "held", "stale")
DELIVERED = ("delivered", "dead", "pending", "held", "requests")


def as_dict(
    report: BatchReport, status: Mapping[str, Any], names: Collection[str]
) -> dict[str, Any]:
    """What the batch did for the destinations of these names, and how the accounts stand."""
    return {
        "run_id": report.run_id,
        "seconds": report.seconds,
        "overhead": overhead(report),
        "steps": dict(report.steps),
        "loaded": report.assets.get("raw/events", {}).get("rows", 0),
        "build": _build(report),
        "enqueued": {
            effect.name: _part(report, f"ledger/{effect.name}", ENQUEUED)
            for effect in destinations.effects(names)
        },
        "delivered": {
            name: _part(report, f"delivered/{name}", DELIVERED) for name in sorted(names)
        },
        "problems": [
            problem
            for metadata in report.assets.values()
            for problem in metadata.get("problems", [])
        ],
        "failed_checks": list(report.failed_checks),
        "events": status["events"],
        "deliveries": status["deliveries"],
        "dead_letters": status["dead_letters"],
        "accounting": status["accounting"],
    }


def overhead(report: BatchReport) -> dict[str, float]:
    """Where the wall time went, in seconds: loading the code location, the steps, and Dagster
    between and around them. What it does while a step reports is within that step: of the step
    `dbt`, all but the build's own seconds."""
    steps = sum(report.steps.values())
    return {
        "loading_seconds": report.loading_seconds,
        "steps_seconds": round(steps, 3),
        "dagster_seconds": round(report.seconds - report.loading_seconds - steps, 3),
    }


def tell(told: Mapping[str, Any], out: Console) -> None:
    """The same, as tables and sentences."""
    out.print(f"\nBatch {told['run_id'][:8]}: {told['loaded']:,} new events loaded.")
    _tell_build(told["build"], out)
    enqueued = (
        (name, *(counts[column] for column in ENQUEUED))
        for name, counts in told["enqueued"].items()
    )
    out.print(table("Wanted", ("effect", *ENQUEUED), enqueued))
    delivered = (
        (name, *(counts[column] for column in DELIVERED))
        for name, counts in told["delivered"].items()
    )
    out.print(table("Delivered in this batch", ("destination", *DELIVERED), delivered))
    for problem in told["problems"]:
        out.print(f"[yellow]{problem['code']}[/] {problem['destination']}: {problem['message']}")
        out.print(f"  {problem['remedy']}")
    for check in told["failed_checks"]:
        out.print(f"[yellow]check failed[/] {check} (see the Dagster UI)")
    tell_accounting(told, out)
    parts = told["overhead"]
    out.print(
        f"Took {told['seconds']:.1f} s ({parts['loading_seconds']:.1f} s of it to load,"
        f" {parts['dagster_seconds']:.1f} s Dagster's own). `make ui` shows the run."
    )


def _build(report: BatchReport) -> dict[str, Any]:
    """How the models were built: `kind`, and why or how much."""
    published = report.assets.get("warehouse/published", {})
    told = {"kind": published.get("build")}
    return told | {
        name.removeprefix("build_"): value
        for name, value in published.items()
        if name.startswith("build_")
    }


def _tell_build(build: Mapping[str, Any], out: Console) -> None:
    if build["kind"] == "incremental":
        out.print(
            f"Built the {build['touched_people']:,} people whom {build['new_events']:,} new events"
            f" touch, in {build['seconds']:.1f} s."
        )
    elif build["kind"] == "full":
        out.print(f"Built everything in {build['seconds']:.1f} s: {build['reason']}.")


def _part(report: BatchReport, asset: str, columns: tuple[str, ...]) -> dict[str, int]:
    metadata = report.assets.get(asset, {})
    return {column: int(metadata.get(column, 0)) for column in columns}
