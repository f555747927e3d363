"""dbt models as assets, and the published read copy."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource, dbt_assets

from orchestration import destinations, figures, masked_copy, routing_config, warehouse
from orchestration.columns import known, tables
from orchestration.dbt import (
    PROJECT_DIR,
    Translator,
    ensure_manifest,
    functions_fingerprint,
    prepare_build,
)
from orchestration.incremental import told
from orchestration.incremental.build import Report
from orchestration.incremental.decide import Full
from orchestration.incremental.run import attempt, built_manifest, full_build, last_build
from orchestration.scoring import rules
from orchestration.settings import Settings, load_settings


class BuildConfig(dg.Config):
    """`full` builds everything, also where the people touched would do."""

    full: bool = False


def _attempt(
    settings: Settings, context: dg.AssetExecutionContext, config: BuildConfig
) -> Report | Full:
    if context.is_subset:
        return Full("only some models were asked for")
    return Full("asked for") if config.full else attempt(settings)


def _full(
    settings: Settings, context: dg.AssetExecutionContext, dbt: DbtCliResource, reason: str
) -> Iterator[Any]:
    """dbt builds and tests what is selected; a part of the models is no build to go on from."""
    with full_build(settings, reason) as finished:
        call = dbt.cli(
            ["build", "--exclude-resource-type", "unit_test"],
            context=context,
            target_path=prepare_build(settings),
        )
        built = None if context.is_subset else call.target_path / "manifest.json"
        yield from told.with_tables(
            call.stream(),
            lambda: tables.told(settings, built),
            wanted=len(context.selected_asset_keys),
            progress=context.log.info,
        )
        if built:
            finished(built)


@dg.definitions
def models() -> dg.Definitions:
    settings = load_settings()
    manifest = json.loads(ensure_manifest(settings).read_text())

    @dbt_assets(
        manifest=manifest, dagster_dbt_translator=Translator(), pool=warehouse.POOL, name="dbt"
    )
    def dbt_models(
        context: dg.AssetExecutionContext, dbt: DbtCliResource, config: BuildConfig
    ) -> Iterator[Any]:
        routing_config.check(PROJECT_DIR / "seeds")
        rules.ensure_sound()
        with warehouse.exclusive(settings.warehouse):
            done = _attempt(settings, context, config)
            if isinstance(done, Report):
                yield from told.results(
                    done,
                    context.selected_asset_keys,
                    context.selected_asset_check_keys,
                    figures.rows_of(settings.warehouse),
                )
            else:
                context.log.info("Full build: %s.", done.reason)
                yield from _full(settings, context, dbt, done.reason)

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
            wanted = destinations.effects(settings.destinations)
            copy = warehouse.publish(
                settings.warehouse,
                settings.published,
                activation=[effect.table for effect in wanted],
                now=datetime.now(UTC),
                manifest=built_manifest(settings),
                functions=functions_fingerprint(PROJECT_DIR),
            )
            build = last_build(settings)
        if settings.masked_copy:
            masked_copy.write(
                settings.published, settings.published_manifest, settings.published_masked
            )
        shown = {
            name: dg.MarkdownMetadataValue(text)
            for name, text in figures.shown(settings.published).items()
        }
        return dg.MaterializeResult(
            metadata={
                **shown,
                "log_position": copy.log_position,
                **told.last(build),
                "models_without_column_lineage": len(known.read(settings.dbt_target).untraced),
                **copy.digests,
            }
        )

    return dg.Definitions(assets=[dbt_models, published_copy])
