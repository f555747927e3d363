"""Great Expectations at the raw and canonical borders, as asset checks; blocking ones stop what
follows. One step a border: Dagster's own cost of a step is paid once.

The activation border is checked while enqueuing, where single rows can be held.
"""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import dagster as dg

from orchestration import connections, first_events, warehouse
from orchestration.dbt import ensure_manifest
from orchestration.quality import borders, contracts, told
from orchestration.quality.contracts import Contracts
from orchestration.quality.expectations import Border
from orchestration.quality.measured import MEASURES
from orchestration.quality.results import CONTRACT
from orchestration.settings import load_settings


def _specs(found: Contracts, border: Border) -> list[dg.AssetCheckSpec]:
    specs = [
        dg.AssetCheckSpec(
            CONTRACT,
            asset=[contract.schema, contract.table],
            blocking=any(rule.blocking for rule in contract.rules),
            description=told.described(contract),
        )
        for contract in found.at(border)
    ]
    return specs + [
        dg.AssetCheckSpec(
            measure.name,
            asset=[measure.schema, measure.table],
            blocking=measure.blocking,
            description=measure.says,
        )
        for measure in MEASURES
        if measure.border == border
    ]


def _border(found: Contracts, border: Border) -> dg.AssetChecksDefinition:
    @dg.multi_asset_check(
        name=f"{border}_contracts",
        specs=_specs(found, border),
        can_subset=True,
        pool=warehouse.POOL,
        description=f"What the tables of the {border} border promise.",
    )
    def check(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        settings, now = load_settings(), datetime.now(UTC)
        asked = {
            (".".join(key.asset_key.path), key.name) for key in context.selected_asset_check_keys
        }
        with closing(connections.event_log(settings)) as log:
            awaited = first_events.awaited(settings, log, now)
        with (
            warehouse.exclusive(settings.warehouse),
            warehouse.connect(settings.warehouse, read_only=False) as connection,
        ):
            results = borders.check_border(
                connection,
                found,
                border,
                folder=settings.quality,
                run=context.run.run_id,
                now=now,
                wanted=lambda table, name: (table, name) in asked,
                awaited=awaited,
            )
        for result, report in results:
            yield told.check_result(result, report, settings.quality)

    return check


@dg.definitions
def checks() -> dg.Definitions:
    found = contracts.read(ensure_manifest(load_settings()))
    return dg.Definitions(asset_checks=[_border(found, "raw"), _border(found, "canonical")])
