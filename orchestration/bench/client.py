"""The load: a process that sends prepared requests over keep-alive connections and looks at little.

It shares the machine with the gateway it measures, so an answer is read just far enough to know its
status and its end. Run as a module; prints its result as JSON.
"""

from __future__ import annotations

import asyncio
import mmap
import sys
from array import array
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, cast

import orjson
import uvloop

from orchestration.bench.requests import places

BROKEN = "broken connection"
_STALLED = 30.0  # seconds after the end within which every answer must have come


class Load:
    """What all connections share: the requests still to send, and what came back."""

    def __init__(self, content: Any, seconds: float) -> None:
        self.content = content
        self.places = list(places(content, len(content)))
        self.acknowledged = bytearray(len(self.places))
        self.latencies = array("d")
        self.statuses: Counter[str] = Counter()
        self.next = 0
        self.deadline = perf_counter() + seconds

    def take(self) -> int | None:
        """The number of the next request; None when all are sent or the time is over."""
        if self.next == len(self.places) or perf_counter() >= self.deadline:
            return None
        self.next += 1
        return self.next - 1

    def result(self, seconds: float) -> dict[str, Any]:
        ordered = sorted(self.latencies)
        return {
            "seconds": seconds,
            "acknowledged": sum(self.acknowledged),
            "statuses": dict(self.statuses),
            "p50_ms": percentile(ordered, 0.50) * 1000,
            "p99_ms": percentile(ordered, 0.99) * 1000,
            "max_ms": percentile(ordered, 1.0) * 1000,
        }


class Connection(asyncio.Protocol):
    """One request after the other, each when the answer to the last one is complete."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._buffer = b""
        self._number: int | None = None
        self._sent = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer = answer = self._buffer + data if self._buffer else data
        if not complete(answer):
            return
        load, number = self._load, self._number
        status = answer[9:12].decode()
        load.latencies.append(perf_counter() - self._sent)
        load.statuses[status] += 1
        if status == "200" and number is not None:
            load.acknowledged[number] = 1
        self._buffer, self._number = b"", None
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        if self._number is not None:
            self._load.statuses[BROKEN] += 1
        if not self.done.done():
            self.done.set_result(None)

    def _send(self) -> None:
        self._number = self._load.take()
        if self._number is None:
            self._transport.close()
            return
        start, end = self._load.places[self._number]
        self._sent = perf_counter()
        self._transport.write(self._load.content[start:end])


def complete(answer: bytes) -> bool:
    """Whether an answer has all of its body; the gateway always says its length."""
    head = answer.find(b"\r\n\r\n")
    if head < 0:
        return False
    at = answer.find(b"content-length: ") + 16
    return len(answer) >= head + 4 + int(answer[at : answer.find(b"\r\n", at)])


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed; 0.0 of none."""
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)] if ordered else 0.0


async def drive(port: int, connections: int, load: Load) -> None:
    """Keep this many connections busy; one that breaks is made again."""

    async def one() -> None:
        while load.next < len(load.places) and perf_counter() < load.deadline:
            loop = asyncio.get_running_loop()
            try:
                _, protocol = await loop.create_connection(
                    lambda: Connection(load), "127.0.0.1", port
                )
            except OSError:
                load.statuses[BROKEN] += 1
                await asyncio.sleep(0.1)
            else:
                await protocol.done

    within = max(0.0, load.deadline - perf_counter()) + _STALLED
    async with asyncio.timeout(within), asyncio.TaskGroup() as tasks:
        for _ in range(connections):
            tasks.create_task(one())


def main() -> None:
    """`python -m orchestration.bench.client FILE PORT CONNECTIONS SECONDS ACKNOWLEDGED`."""
    file, port, connections, seconds, acknowledged = sys.argv[1:]
    with Path(file).open("rb") as stream:
        content = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        load = Load(content, float(seconds))
        started = perf_counter()
        load.deadline = started + float(seconds)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(drive(int(port), int(connections), load))
        result = load.result(perf_counter() - started)
    Path(acknowledged).write_bytes(load.acknowledged)
    sys.stdout.buffer.write(orjson.dumps(result))


if __name__ == "__main__":
    main()
