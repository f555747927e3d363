"""A log, contracts and a warehouse: what a batch works on, in the small."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from dbt_builders import RawEvent, at
from dbt_warehouse import Warehouse

from ingestion.contracts import ContractSet
from ingestion.event_log import EventLog, LoggedEvent, NewEvent
from ingestion.event_log.model import body_hash, to_micros
from orchestration import quarantine
from orchestration import warehouse as orchestrated
from orchestration.quarantine import Wanted

OUTCOMES = "intermediate.int_event_outcomes"


@dataclass
class Lane:
    """A log, a folder of contracts and a warehouse: what a batch works on, in the small."""

    log: EventLog
    folder: Path
    warehouse: Warehouse
    raw: list[RawEvent] = field(default_factory=list)

    def contract(self, version: str, schema: dict[str, Any], event: str = "form_submit") -> None:
        file = self.folder / "standard" / event / f"{version}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(orjson.dumps(schema))

    def receive(self, key: str, when: datetime, **data: Any) -> None:
        body = {"type": "form_submit", "timestamp": when.isoformat(), "data": data}
        self.log.append(
            [NewEvent("webshop", key, "webhook", when, orjson.dumps(body), {}, f"c-{key}")]
        )

    def batch(self) -> None:
        """Load what is new, judged by the contracts as they are now; build everything."""
        contracts = ContractSet.load(self.folder)
        self.raw += [_judged(event, contracts) for event in self.log.read(after=len(self.raw))]
        self.warehouse.build(self.raw)

    def listing(self, wanted: Wanted) -> list[dict[str, Any]]:
        contracts = ContractSet.load(self.folder)
        with orchestrated.connect(self.warehouse.path, read_only=False) as connection:
            return quarantine.listing(connection, self.log, contracts, wanted)

    def replay(self, wanted: Wanted, *positions: int) -> tuple[list[int], list[int]]:
        contracts = ContractSet.load(self.folder)
        with orchestrated.connect(self.warehouse.path, read_only=False) as connection:
            report = quarantine.replay(connection, self.log, contracts, wanted, at(9), positions)
        return list(report.appended), list(report.already_replayed)

    def outcomes(self) -> Counter[str]:
        return Counter(row["outcome"] for row in self.warehouse.rows(OUTCOMES))


def _judged(event: LoggedEvent, contracts: ContractSet) -> RawEvent:
    finding = contracts.check(event.source, event.body, to_micros(event.received_at))
    return RawEvent(
        source=event.source,
        event_key=event.event_key,
        kind=event.kind,
        received_at=event.received_at,
        correlation_id=event.correlation_id,
        body_hash=body_hash(event.body),
        historical=event.historical,
        **finding._asdict(),
    )
