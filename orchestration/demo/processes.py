"""Start `millrace` commands beside the demo, wait until they answer, stop them at the end."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from orchestration.errors import OrchestrationError
from orchestration.network import free_port

START_SECONDS = 60.0
STOP_SECONDS = 10.0


class NotReadyError(OrchestrationError):
    code = "SERVICE_NOT_READY"


@contextmanager
def running(logs: Path, ready: str, command: str, *options: str) -> Iterator[str]:
    """`millrace COMMAND … --port <free>`: gives its base URL once `ready` (a path) answers.

    Its output goes to a file in `logs`. Raises NotReadyError when it ends or stays silent.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    logs.mkdir(parents=True, exist_ok=True)
    file = logs / f"{command}.log"
    millrace = str(Path(sys.executable).with_name("millrace"))
    with file.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603  our own command
            [millrace, command, *options, "--port", str(port)], stdout=output, stderr=output
        )
    try:
        _wait(process, f"{url}{ready}", file)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url, timeout=1).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise NotReadyError(f"{url} did not answer.", remedy=f"Read {log}.")
