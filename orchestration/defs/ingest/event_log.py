"""The event log as a dlt asset: new rows of the log into `raw.events`."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import dagster as dg
from dagster_dlt import DagsterDltResource, DagsterDltTranslator, dlt_assets
from dagster_dlt.translator import DltResourceTranslatorData

from ingestion.contracts import ContractSet
from ingestion.sources.event_log import create_pipeline, event_log_source, load
from orchestration import connections, warehouse
from orchestration.settings import load_settings


class Translator(DagsterDltTranslator):
    """The key is schema/table, the one that dbt gives its source."""

    def get_asset_spec(self, data: DltResourceTranslatorData) -> dg.AssetSpec:
        return (
            super()
            .get_asset_spec(data)
            .replace_attributes(
                key=["raw", "events"],
                deps=[],
                group_name="ingestion",
                description="Every webhook, pull, decision and answer: one row an event.",
            )
        )


class LoadConfig(dg.Config):
    """`full` starts from an empty warehouse file and reads the whole log again."""

    full: bool = False


@dg.definitions
def ingest() -> dg.Definitions:
    settings = load_settings()
    contracts = ContractSet.load()
    pipelines = settings.home / "dlt"

    @dlt_assets(
        # Only describes the asset: each run opens the real log and makes a source of its own.
        dlt_source=event_log_source(),
        dlt_pipeline=create_pipeline(settings.warehouse, pipelines),
        dagster_dlt_translator=Translator(),
        name="event_log",
        pool=warehouse.POOL,
    )
    def event_log(
        context: dg.AssetExecutionContext, dlt: DagsterDltResource, config: LoadConfig
    ) -> Iterator[Any]:
        with (
            closing(connections.event_log(settings)) as log,
            warehouse.exclusive(settings.warehouse),
        ):
            if config.full:
                warehouse.discard(settings.warehouse, pipelines)
            warehouse.ensure_usable(settings.warehouse)
            pipeline = create_pipeline(settings.warehouse, pipelines)

            def run(source: Any) -> None:
                list(dlt.run(context=context, dlt_source=source, dlt_pipeline=pipeline))

            report = load(log, contracts, pipeline, run=run)
        yield dg.MaterializeResult(
            asset_key=["raw", "events"], metadata={"rows": report.rows, "log_position": report.head}
        )

    return dg.Definitions(assets=[event_log])
