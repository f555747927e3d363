"""`millrace bench receive`: how many events a second are acknowledged, and whether one is lost."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import orjson

from ingestion.event_log import EventLog
from orchestration.bench import wrk
from orchestration.bench.gateway import running_gateway
from orchestration.bench.machine import describe_machine, peak_memory_mb, versions
from orchestration.bench.requests import request_number, write_requests
from orchestration.errors import BenchError

Tool = Literal["own", "wrk"]
Progress = Callable[[str], None]

_PAGE = 10_000
_PREPARED_A_SECOND = 20_000  # more requests than any gateway here takes

METHOD = (
    "One gateway process (`millrace serve --roles gateway`, every commit fsynced) on loopback;"
    " {count:,} Typeform and Standard Webhooks requests of about 1 KB, each with a key of its own,"
    " built and signed before the clock starts; {connections} keep-alive connections from one other"
    " process on the same machine ({tool}), each sending when its last answer is complete."
    " events_per_second: answers 200 by wall time. lost: acknowledged events that are not in the"
    " log after the gateway has stopped."
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure: until ``events`` are sent or ``seconds`` are over; ``database`` is the URL
    of the log, a new SQLite file when None."""

    seconds: float = 10.0
    events: int | None = None
    connections: int = 64
    database: str | None = None
    tool: Tool = "own"


def receive(plan: Plan, progress: Progress) -> dict[str, Any]:
    """Measure once. Raises BenchError."""
    if plan.tool == "wrk" and plan.events:
        raise BenchError("wrk counts seconds, not events.", remedy="Use --seconds with wrk.")
    count = plan.events or round(plan.seconds * _PREPARED_A_SECOND)
    seconds = 3_600.0 if plan.events else plan.seconds
    run = f"bench{uuid.uuid4().hex[:8]}"
    with tempfile.TemporaryDirectory(prefix="millrace-bench-") as folder:
        home, requests = Path(folder), Path(folder) / "requests"
        database = plan.database or f"sqlite:///{home / 'event_log.sqlite'}"
        progress(f"Signing {count:,} requests")
        write_requests(requests, run, count, datetime.now(UTC))
        with closing(EventLog.open(database)) as log:
            before = log.head()
        with running_gateway(home, database) as gateway:
            progress(f"Sending over {plan.connections} connections")
            result = _drive(plan, requests, gateway.port, seconds)
            memory = peak_memory_mb(gateway.pid)
        progress("Looking for what was acknowledged")
        stored = _stored(database, before, run, count)
        lost = _lost(requests.with_suffix(".acknowledged"), stored, result["acknowledged"])
        return _told(plan, count, result, lost, memory, database)


def _drive(plan: Plan, requests: Path, port: int, seconds: float) -> dict[str, Any]:
    if plan.tool == "wrk":
        return wrk.drive(requests, port, plan.connections, seconds)
    acknowledged = requests.with_suffix(".acknowledged")
    arguments = [str(requests), str(port), str(plan.connections), str(seconds), str(acknowledged)]
    done = subprocess.run(  # noqa: S603  our own module
        [sys.executable, "-m", "orchestration.bench.client", *arguments],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise BenchError(f"The client failed: {' '.join(last)}.")
    result: dict[str, Any] = orjson.loads(done.stdout)
    return result


def _stored(database: str, before: int, run: str, count: int) -> bytearray:
    """For each request whether its event is in the log."""
    stored = bytearray(count)
    with closing(EventLog.open(database)) as log:
        after = before
        while rows := log.rows(after=after, limit=_PAGE):
            for row in rows:
                number = request_number(run, row.event_key)
                if number is not None:
                    stored[number] = 1
            after = rows[-1].position
    return stored


def _lost(file: Path, stored: bytearray, acknowledged: int) -> int:
    """Acknowledged and not stored; a tool that does not say which were is compared by number."""
    if not file.exists():
        return max(0, acknowledged - sum(stored))
    return lost(file.read_bytes(), stored)


def lost(acknowledged: bytes, stored: bytes | bytearray) -> int:
    """How many are marked in the first and not in the second."""
    return sum(was and not is_there for was, is_there in zip(acknowledged, stored, strict=True))


def _told(
    plan: Plan,
    count: int,
    result: dict[str, Any],
    lost: int,
    memory: int | None,
    database: str,
) -> dict[str, Any]:
    tool = "wrk" if plan.tool == "wrk" else "our own asyncio client"
    errors = {name: n for name, n in result["statuses"].items() if name != "200" and n}
    return {
        "events_per_second": round(result["acknowledged"] / result["seconds"]),
        "p50_ms": round(result["p50_ms"], 2),
        "p99_ms": round(result["p99_ms"], 2),
        "max_ms": round(result["max_ms"], 2),
        "lost": lost,
        "acknowledged": result["acknowledged"],
        "seconds": round(result["seconds"], 2),
        "errors": errors,
        "gateway_peak_memory_mb": memory,
        "database": database.partition(":")[0],
        "machine": describe_machine(),
        "versions": versions(database),
        "method": METHOD.format(count=count, connections=plan.connections, tool=tool),
    }
