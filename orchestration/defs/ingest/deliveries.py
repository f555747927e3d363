"""The ledger's deliveries as an asset: what became of each effect, into `raw.deliveries`."""

from contextlib import closing

import dagster as dg

from orchestration import connections, delivery_facts, warehouse
from orchestration.settings import load_settings


@dg.asset(
    key=["raw", "deliveries"],
    deps=[dg.AssetKey(["raw", "events"])],  # which may start the warehouse file anew
    group_name="ingestion",
    kinds={"python", "duckdb"},
    pool=warehouse.POOL,
    description="What became of every delivery until now, without payloads.",
)
def deliveries() -> dg.MaterializeResult[None]:
    settings = load_settings()
    with (
        closing(connections.ledger(settings)) as ledger,
        warehouse.exclusive(settings.warehouse),
        warehouse.connect(settings.warehouse, read_only=False) as connection,
    ):
        rows = delivery_facts.load(ledger, connection)
    return dg.MaterializeResult(metadata={"rows": rows})


@dg.definitions
def delivery_facts_asset() -> dg.Definitions:
    return dg.Definitions(assets=[deliveries])
