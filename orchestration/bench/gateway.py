"""What is measured as a process of its own, in a home of its own: the service, Dagster."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
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
SERVICE_LOG = "serve.log"
_WORDS = 400
MILLRACE = str(Path(sys.executable).with_name("millrace"))


@dataclass(frozen=True, slots=True)
class Service:
    """A running service."""

    port: int
    pid: int


@contextmanager
def running_gateway(home: Path, database: str) -> Iterator[Service]:
    """A gateway alone, writing to this log. Raises BenchError."""
    environment = clean_environment() | {"MILLRACE_HOME": str(home), "MILLRACE_LOG_URL": database}
    with running_service(home, "gateway", environment) as gateway:
        yield gateway


@contextmanager
def running_service(
    home: Path, roles: str, environment: Mapping[str, str], *, start_seconds: float = START_SECONDS
) -> Iterator[Service]:
    """Start these roles, wait until they are ready, stop them at the end. Raises BenchError."""
    with _running(
        home, environment, ["serve", "--roles", roles], "health/ready", SERVICE_LOG, start_seconds
    ) as service:
        yield service


@contextmanager
def running_ui(home: Path, environment: Mapping[str, str]) -> Iterator[Service]:
    """Dagster's web server and daemon: the port is the web server's. Raises BenchError."""
    with _running(home, environment, ["ui"], "server_info", "ui.log", START_SECONDS) as service:
        yield service


@contextmanager
def _running(
    home: Path,
    environment: Mapping[str, str],
    command: Sequence[str],
    ready: str,
    log: str,
    seconds: float,
) -> Iterator[Service]:
    """`ready`: the path that answers once the process is; `log`: what it writes, in `home`."""
    port = free_port()
    with (home / log).open("ab") as output:
        process = subprocess.Popen(  # noqa: S603  our own command
            [MILLRACE, *command, "--port", str(port)],
            env=environment,
            cwd=home,
            stdout=output,
            stderr=output,
        )
    try:
        if not _is_ready(process, f"http://127.0.0.1:{port}/{ready}", seconds):
            raise BenchError(
                f"`millrace {command[0]}` did not become ready: {last_words(home / log)}"
            )
        yield Service(port, process.pid)
    finally:
        _stop(process)


def clean_environment() -> dict[str, str]:
    """The environment without the user's settings of Millrace, with the secrets of what we sign."""
    inherited = {name: v for name, v in os.environ.items() if not name.startswith("MILLRACE_")}
    return inherited | {f"{SECRET_PREFIX}{name.upper()}": key for name, key in SECRETS.items()}


def last_words(log: Path) -> str:
    """The end of what a process wrote, on one line: its home is gone when the error is read."""
    return " ".join(log.read_text(errors="replace").split())[-_WORDS:] or "it said nothing"


def _is_ready(process: subprocess.Popen[bytes], url: str, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url, timeout=1).is_success:
                return True
        except httpx.TransportError:
            time.sleep(0.05)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
