"""A gateway in a process of its own, and senders that remember every answer."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from ingestion.event_log import EventLog
from ingestion.sandbox import webhooks as sandbox

SECRET = "chaos-test-secret"
_COMMAND = str(Path(sys.executable).with_name("millrace"))
_BROKEN = (OSError, http.client.HTTPException)


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Wait for a condition, not for a time; fail with a sentence when it never holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s for: {what}"
        time.sleep(0.02)


@dataclass
class GatewayProcess:
    """`millrace serve --roles gateway` on one log, to be killed and started again."""

    home: Path
    log_url: str = ""
    prepare: Callable[[], None] | None = None
    """Called in the child before the command starts."""

    def __post_init__(self) -> None:
        self.log_url = self.log_url or f"sqlite:///{self.home}/event_log.sqlite"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.process: subprocess.Popen[bytes] | None = None
        self._lines: deque[str] = deque(maxlen=20)
        self._reader: threading.Thread | None = None

    def start(self) -> None:
        """Start, and wait until events are taken."""
        process = self.launch()
        wait_until(
            lambda: process.poll() is not None or self.status("/health/ready") == 200,
            "the gateway to be ready",
            60,
        )
        assert process.poll() is None, f"the gateway did not start: {self.told()}"

    def told(self) -> str:
        """The last it wrote, when it has ended."""
        if self._reader is not None:
            self._reader.join(30)
        return "".join(self._lines)

    def launch(self) -> subprocess.Popen[bytes]:
        """Start without waiting."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("MILLRACE_")}
        self.process = subprocess.Popen(
            [_COMMAND, "serve", "--roles", "gateway", "--port", str(self.port)],
            env={
                **inherited,
                "MILLRACE_HOME": str(self.home),
                "MILLRACE_LOG_URL": self.log_url,
                "MILLRACE_WEBHOOK_SECRET_TYPEFORM": SECRET,
            },
            cwd=self.home,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            preexec_fn=self.prepare,
        )
        self._lines.clear()
        self._reader = threading.Thread(target=self._read, args=(self.process.stderr,), daemon=True)
        self._reader.start()
        return self.process

    def status(self, path: str) -> int:
        """The status of a GET, 0 when nobody answers."""
        try:
            return get(self.port, path)[0]
        except _BROKEN:
            return 0

    def kill9(self) -> None:
        """End it without warning."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it as an operator would."""
        self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(30)
            self.process = None

    def _read(self, stream: IO[bytes]) -> None:
        with stream:
            self._lines.extend(line.decode(errors="replace") for line in stream)


@contextmanager
def gateway(home: Path, log_url: str = "", **options: Any) -> Iterator[GatewayProcess]:
    """A running gateway, ended with the test."""
    made = GatewayProcess(home, log_url, **options)
    try:
        made.start()
        yield made
    finally:
        made.kill9()


def family(pid: int) -> list[int]:
    """A process and those it started, from whichever thread."""
    lists = [task / "children" for task in Path(f"/proc/{pid}/task").iterdir()]
    children = [int(child) for listed in lists for child in listed.read_text().split()]
    return [pid, *(member for child in children for member in family(child))]


def get(port: int, path: str) -> tuple[int, Mapping[str, str]]:
    """Status and headers of a GET."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer.status, dict(answer.getheaders())
    finally:
        connection.close()


@dataclass(frozen=True)
class Answer:
    """What a sender got back."""

    status: int
    duplicate: bool = False
    code: str = ""
    retry_after: str | None = None


class Sender:
    """A vendor with one keep-alive connection."""

    def __init__(self, port: int, filler: str = "") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        self._filler = filler

    def send(self, event_id: str) -> Answer:
        """Send one event, always the same under the same id; raises where no answer comes."""
        request = sandbox.typeform_response(
            sandbox.typeform_answers(email=f"{event_id}@example.com", first_name=self._filler),
            datetime(2026, 3, 1, tzinfo=UTC),
            event_id=event_id,
            secret=SECRET,
        )
        self._connection.request("POST", request.path, request.body, dict(request.headers))
        answer = self._connection.getresponse()
        body = json.loads(answer.read())
        return Answer(
            answer.status,
            duplicate=bool(body.get("duplicates")),
            code=body.get("code", ""),
            retry_after=answer.getheader("retry-after"),
        )

    def send_again(self, event_id: str) -> Answer:
        """Send; where the connection was closed meanwhile, as one that was idle is, once more."""
        try:
            return self.send(event_id)
        except _BROKEN:
            self.close()
            return self.send(event_id)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


@dataclass
class Load:
    """Senders side by side. ``acknowledged`` were answered with 200, ``refused`` with 503;
    ``in_doubt`` got no answer. Every other answer ends the test."""

    ports: list[int]
    senders: int = 8
    prefix: str = "e"
    goes_on: bool = False
    """Whether senders connect again after their connection broke."""

    acknowledged: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    in_doubt: set[str] = field(default_factory=set)
    statuses: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._numbers = itertools.count()
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(
                target=self._work, args=(self.ports[n % len(self.ports)],), daemon=True
            )
            for n in range(self.senders)
        ]

    def start(self) -> None:
        """Let every sender begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let every sender finish its request, and check what they were told."""
        self._stopping.set()
        self.join()

    def join(self) -> None:
        """Wait until every sender ended by itself."""
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()
        assert not set(self.statuses) - {200, 503}, self.statuses

    def _work(self, port: int) -> None:
        sender = Sender(port)
        while not self._stopping.is_set():
            event_id = f"{self.prefix}-{next(self._numbers)}"
            try:
                answer = sender.send(event_id)
            except _BROKEN:
                self.in_doubt.add(event_id)
                sender.close()
                if not self.goes_on:
                    return
                time.sleep(0.01)  # the gateway is away: no need to try a thousand times a second
                continue
            self._note(event_id, answer)
        sender.close()

    def _note(self, event_id: str, answer: Answer) -> None:
        self.statuses[answer.status] += 1
        if answer.status == 200:
            self.acknowledged.add(event_id)
        elif answer.status == 503:
            self.refused.add(event_id)


def logged_keys(log_url: str) -> list[str]:
    """The keys of all events of a log, in order of position; positions must have no hole."""
    log = EventLog.open(log_url)
    try:
        rows = [(row.position, row.event_key) for row in _all_rows(log)]
    finally:
        log.close()
    assert [position for position, _ in rows] == list(range(1, len(rows) + 1))
    return [key for _, key in rows]


def _all_rows(log: EventLog) -> Iterator[Any]:
    after = 0
    while page := log.rows(after=after, limit=10_000):
        yield from page
        after = page[-1].position
