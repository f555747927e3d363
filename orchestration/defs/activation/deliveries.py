"""Activation: what the warehouse wants done is recorded in the ledger, then done."""

from contextlib import closing
from datetime import UTC, datetime

import dagster as dg

from orchestration import activation, connections, decisions, delivery, destinations, warehouse
from orchestration.dbt import ensure_manifest
from orchestration.destinations import Destination, Effect
from orchestration.quality import borders, contracts, told
from orchestration.quality.contracts import Contracts
from orchestration.settings import load_settings

GROUP = "activation"
PUBLISHED = dg.AssetKey(["warehouse", "published"])
DECIDED = dg.AssetKey(["log", "mql_decisions"])
CONSENTS = dg.AssetKey(["ledger", "consents"])


@dg.asset(
    key=DECIDED,
    deps=[PUBLISHED],
    group_name=GROUP,
    kinds={"python", "sqlite"},
    description="Every new MQL and its owner are written to the event log, so that no rebuild "
    "decides them again.",
)
def mql_decisions() -> dg.MaterializeResult[None]:
    settings = load_settings()
    with (
        closing(connections.event_log(settings)) as log,
        warehouse.connect(settings.published) as copy,
    ):
        decided = decisions.append_decisions(log, decisions.undecided(copy), now=datetime.now(UTC))
    return dg.MaterializeResult(metadata={"decided": decided.mqls, "assigned": decided.assignments})


@dg.asset(
    key=CONSENTS,
    deps=[PUBLISHED],
    group_name=GROUP,
    kinds={"python", "sqlite"},
    description="Today's consent of every person, read again at the moment of sending.",
)
def consents() -> dg.MaterializeResult[None]:
    settings = load_settings()
    with (
        closing(connections.ledger(settings)) as ledger,
        warehouse.connect(settings.published) as copy,
    ):
        cancelled = activation.apply_consents(ledger, copy, now=datetime.now(UTC))
        activation.settle(ledger, settings)
    return dg.MaterializeResult(metadata={"cancelled_deliveries": cancelled})


def _enqueue_asset(effect: Effect, promised: Contracts) -> dg.AssetsDefinition:
    key = dg.AssetKey(["ledger", effect.name])

    @dg.asset(
        key=key,
        deps=[PUBLISHED, DECIDED, CONSENTS, dg.AssetKey(["activation", effect.table])],
        group_name=GROUP,
        kinds={"python", "sqlite"},
        check_specs=[
            dg.AssetCheckSpec(
                "contract",
                asset=key,
                description="Rows that break the activation contract are held; the rest goes on.",
            )
        ],
        description=f"Rows of {effect.table}, recorded in the ledger before anything is sent.",
    )
    # With checks, Dagster recognises only the bare name of the result.
    def enqueue(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg]
        settings = load_settings()
        now = datetime.now(UTC)
        with (
            closing(connections.ledger(settings)) as ledger,
            warehouse.connect(settings.published) as copy,
        ):
            enqueued, report = activation.enqueue(
                ledger,
                copy,
                effect,
                contracts=promised.activation,
                approve_above=settings.approve_above,
                asks=activation.asks(settings),
                now=now,
            )
        result = borders.told_of_rows(report, f"activation.{effect.table}", context.run_id, now)
        borders.keep(settings.quality, promised, [result])
        return dg.MaterializeResult(
            metadata={
                "inserted": enqueued.inserted,
                "unchanged": enqueued.unchanged,
                "superseded": enqueued.superseded,
                "cancelled": enqueued.cancelled,
                "expired": enqueued.expired,
                "held": enqueued.held,
                "stale": enqueued.stale,
            },
            check_results=[
                dg.AssetCheckResult(
                    passed=report.passed,
                    check_name="contract",
                    severity=dg.AssetCheckSeverity.WARN,
                    metadata=told.metadata(result, report, settings.quality),
                )
            ],
        )

    return enqueue


def _deliver_asset(destination: Destination) -> dg.AssetsDefinition:
    @dg.asset(
        key=["delivered", destination.name],
        deps=[dg.AssetKey(["ledger", effect.name]) for effect in destination.effects],
        group_name=GROUP,
        kinds={"python", destination.name},
        description=f"What {destination.name} took in the latest run; what waits, and why. "
        "`warehouse/published` shows all deliveries.",
    )
    def deliver(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        report = delivery.drain(load_settings(), [destination.name])
        for problem in report.problems:
            context.log.warning("%s: %s %s", problem.code, problem.message, problem.remedy)
        return dg.MaterializeResult(metadata=delivery.metadata(report, destination.name))

    return deliver


@dg.definitions
def deliveries() -> dg.Definitions:
    on = destinations.chosen(load_settings().destinations)
    promised = contracts.read(ensure_manifest(load_settings()))
    enqueued = [_enqueue_asset(effect, promised) for each in on for effect in each.effects]
    delivered = [_deliver_asset(each) for each in on]
    return dg.Definitions(assets=[mql_decisions, consents, *enqueued, *delivered])
