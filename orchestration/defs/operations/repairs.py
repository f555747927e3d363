"""Jobs for a person at the launchpad: rebuild, read again, send again, erase.

What a run is configured with is kept and shown, so nothing personal belongs there.
"""

from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime

import dagster as dg
from pydantic import Field

from orchestration import connections, replays, warehouse
from orchestration.batch import remember_failure
from orchestration.defs.operations.jobs import REFRESH_SELECTION
from orchestration.erasure import requests as erasing
from orchestration.replays import Replayed
from orchestration.settings import load_settings

WHO = "dagster"

full_rebuild = dg.define_asset_job(
    "full_rebuild",
    selection=REFRESH_SELECTION,
    config={"ops": {"event_log": {"config": {"full": True}}}},
    hooks={remember_failure},
    description="Read the whole log again into an empty warehouse and rebuild every model.",
)


class WebhooksConfig(dg.Config):
    """Positions of the log; or all of a source from one position to another."""

    positions: list[int] = Field(default_factory=list)
    source: str = ""
    first_position: int = 1
    last_position: int = 0


@dg.op(description="Appends these webhooks again; a source's contract was mended, say.")
def replay_these(context: dg.OpExecutionContext, config: WebhooksConfig) -> None:
    wanted = config.positions or range(config.first_position, config.last_position + 1)
    with closing(connections.event_log(load_settings())) as log:
        done = replays.replay_positions(
            log,
            wanted,
            source=config.source,
            replay_id=replays.id_of(context.run),
            now=datetime.now(UTC),
        )
    _tell(context, done)


class DeadLettersConfig(dg.Config):
    """Which; without a code all of the destination, without a destination all of the code."""

    destination: str = ""
    code: str = ""


@dg.op(description="Queues dead and held deliveries again; the next push sends them.")
def requeue(context: dg.OpExecutionContext, config: DeadLettersConfig) -> None:
    with closing(connections.ledger(load_settings())) as ledger:
        ids = ledger.dead_letters.ids(
            destination=config.destination or None, code=config.code or None
        )
        done = ledger.dead_letters.replay(ids, who=WHO, now=datetime.now(UTC))
    context.add_output_metadata({"queued_again": len(done)})


class ErasureConfig(dg.Config):
    """`person_id`, as `millrace why` tells it; or `ref`: the name of a file in
    MILLRACE_HOME/erasure_requests that holds an e-mail address, and is removed afterwards."""

    person_id: str = ""
    ref: str = ""


@dg.op(pool=warehouse.POOL, description="Takes a person out of everything, and keeps a proof.")
def erase(context: dg.OpExecutionContext, config: ErasureConfig) -> None:
    told = erasing.erase(
        load_settings(),
        person_id=config.person_id,
        ref=config.ref,
        requested_by=f"{WHO}:{context.run_id[:8]}",
        progress=context.log.info,
    )
    context.add_output_metadata(told)


def _tell(context: dg.OpExecutionContext, done: Replayed) -> None:
    context.add_output_metadata(asdict(done))


@dg.job(description="Read webhooks again, by position or source: `new_log_rows` starts the batch.")
def replay_webhooks() -> None:
    replay_these()


@dg.job(description="Send dead letters again, by destination and code.")
def replay_dead_letters() -> None:
    requeue()


@dg.job(description="Erase a person; who it is stays out of the configuration.")
def erase_person() -> None:
    erase()


@dg.definitions
def repairs() -> dg.Definitions:
    return dg.Definitions(jobs=[full_rebuild, replay_webhooks, replay_dead_letters, erase_person])
