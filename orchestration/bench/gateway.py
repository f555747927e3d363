"""A gateway to measure: `millrace serve` as a process of its own, in a home of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from orchestration.bench.requests import SECRETS
from orchestration.errors import BenchError
from orchestration.network import free_port
from orchestration.settings import SECRET_PREFIX

START_SECONDS = 60.0
STOP_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Gateway:
    """A running gateway."""

    port: int
    pid: int


@contextmanager
def running_gateway(home: Path, database: str) -> Iterator[Gateway]:
    """Start it, wait until it is ready, stop it at the end. Raises BenchError."""
    port = free_port()
    environment = {name: v for name, v in os.environ.items() if not name.startswith("MILLRACE_")}
    environment |= {"MILLRACE_HOME": str(home), "MILLRACE_LOG_URL": database}
    environment |= {f"{SECRET_PREFIX}{name.upper()}": key for name, key in SECRETS.items()}
    command = [str(Path(sys.executable).with_name("millrace")), "serve", "--roles", "gateway"]
    with (home / "serve.log").open("ab") as output:
        process = subprocess.Popen(  # noqa: S603  our own command
            [*command, "--port", str(port)],
            env=environment,
            cwd=home,
            stdout=output,
            stderr=output,
        )
    try:
        _wait(process, port)
        yield Gateway(port, process.pid)
    finally:
        _stop(process)


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=1).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise BenchError("The gateway did not become ready.")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
