"""dbt models as assets, and the published read copy."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource, dbt_assets

from orchestration import routing_config, warehouse
from orchestration.dbt import PROJECT_DIR, Translator, ensure_manifest
from orchestration.scoring import rules
from orchestration.settings import load_settings


@dg.definitions
def models() -> dg.Definitions:
    settings = load_settings()
    manifest = json.loads(ensure_manifest(settings).read_text())

    @dbt_assets(
        manifest=manifest, dagster_dbt_translator=Translator(), pool=warehouse.POOL, name="dbt"
    )
    def dbt_models(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
        routing_config.check(PROJECT_DIR / "seeds")
        rules.ensure_sound()
        with warehouse.exclusive(settings.warehouse):
            yield from dbt.cli(
                ["build", "--exclude-resource-type", "unit_test"], context=context
            ).stream()

    @dg.asset(
        key=["warehouse", "published"],
        deps=list(dbt_models.keys),
        group_name="activation",
        kinds={"duckdb"},
        pool=warehouse.POOL,
        description="The read-only copy for analysts, BI and `millrace why`, swapped atomically.",
    )
    def published_copy() -> dg.MaterializeResult[None]:
        with warehouse.exclusive(settings.warehouse):
            told = warehouse.publish(settings.warehouse, settings.published, now=datetime.now(UTC))
        return dg.MaterializeResult(metadata={"log_position": told.log_position, **told.digests})

    return dg.Definitions(assets=[dbt_models, published_copy])
